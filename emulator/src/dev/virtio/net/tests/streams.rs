//! Connections, from the guest's side and from the host's.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;

use super::super::tcp::MAX_CONNECTIONS;
use super::super::wire::HARD_LIMIT;
use super::super::{Forward, GUEST, NetworkConfig, Protocol};
use super::{Guest, Random, host, tcp_socket};

const MIB_10: usize = 10 << 20;

fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || serve(listener)))
}

/// Everything that arrives until the other side has finished.
fn receive_all(guest: &mut Guest, handle: SocketHandle) -> Vec<u8> {
    let mut received = Vec::new();
    guest.until("the other side finishes", |guest| {
        let socket = guest.tcp(handle);
        while socket.can_recv() {
            socket
                .recv(|data| {
                    received.extend_from_slice(data);
                    (data.len(), ())
                })
                .unwrap();
        }
        let opening = [State::Listen, State::SynSent, State::SynReceived];
        !opening.contains(&socket.state()) && !socket.may_recv()
    });
    received
}

fn send_all(guest: &mut Guest, handle: SocketHandle, mut data: &[u8]) {
    guest.until("everything is sent", |guest| {
        let socket = guest.tcp(handle);
        if socket.can_send() {
            let count = socket.send_slice(data).unwrap();
            data = &data[count..];
        }
        data.is_empty()
    });
}

#[test]
fn ten_mebibytes_are_fetched() {
    let content = Random(7).bytes(MIB_10);
    let expected = content.clone();
    let (port, served) = server(move |listener| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 18];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(&request, b"GET / HTTP/1.0\r\n\r\n");
        stream.write_all(&content).unwrap();
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    send_all(&mut guest, handle, b"GET / HTTP/1.0\r\n\r\n");
    assert!(guest.network.busy());
    let received = receive_all(&mut guest, handle);
    assert!(received == expected, "{} bytes", received.len());
    guest.tcp(handle).close();
    guest.until("the connection is forgotten", |guest| {
        guest.network.open().0 == 0
    });
    assert!(!guest.network.busy());
    served.join().unwrap();
    assert!(guest.waiting <= HARD_LIMIT);
}

#[test]
fn ten_mebibytes_are_sent_to_a_slow_server() {
    let content = Random(8).bytes(MIB_10);
    let expected = content.clone();
    let (port, served) = server(move |listener| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        // The sender has to wait: its window closes.
        thread::sleep(Duration::from_millis(300));
        stream.read_to_end(&mut received).unwrap();
        received
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    send_all(&mut guest, handle, &content);
    guest.tcp(handle).close();
    guest.until("the connection is forgotten", |guest| {
        guest.network.open().0 == 0
    });
    let received = served.join().unwrap();
    assert!(received == expected, "{} bytes", received.len());
}

#[test]
fn a_server_that_does_not_read_fills_no_memory() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (port, served) = server(move |listener| {
        let (stream, _) = listener.accept().unwrap();
        let _ = wait.recv();
        drop(stream);
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    let mut sent = 0;
    let piece = vec![0x55; 64 << 10];
    let mut quiet = 0;
    // What the host's kernel and the two ends hold, and no more.
    while quiet < 100 {
        guest.run(Duration::from_millis(2));
        let count = match guest.tcp(handle).can_send() {
            true => guest.tcp(handle).send_slice(&piece).unwrap(),
            false => 0,
        };
        sent += count;
        quiet = if count == 0 { quiet + 1 } else { 0 };
        assert!(sent < 64 << 20, "{sent} bytes were taken");
    }
    assert!(sent > 256 << 10, "only {sent} bytes were taken");
    assert_eq!(guest.tcp(handle).state(), State::Established);
    done.send(()).unwrap();
    guest.until("the guest is reset", |guest| !guest.tcp(handle).is_open());
    served.join().unwrap();
}

#[test]
fn a_guest_that_does_not_take_its_frames_fills_no_memory() {
    let (port, served) = server(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .set_write_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        stream.write_all(&vec![0x66; 64 << 20]).unwrap_err().kind()
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    guest.until("it is connected", |guest| {
        guest.tcp(handle).state() == State::Established
    });
    // From now on the guest says nothing.
    let end = std::time::Instant::now() + Duration::from_secs(1);
    while std::time::Instant::now() < end {
        guest.network.poll(std::time::Instant::now());
        thread::sleep(Duration::from_micros(200));
    }
    let waiting = std::iter::from_fn(|| guest.network.to_guest()).count();
    assert!((1..=HARD_LIMIT).contains(&waiting), "{waiting}");
    assert_eq!(served.join().unwrap(), ErrorKind::WouldBlock);
}

#[test]
fn what_the_host_is_refused_the_guest_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    let mut seen = false;
    guest.until("it is refused", |guest| {
        seen |= guest.tcp(handle).state() == State::Established;
        !guest.tcp(handle).is_open()
    });
    assert!(!seen, "it was connected first");
    assert_eq!(guest.network.open().0, 0);
}

#[test]
fn either_side_may_finish_first() {
    // The guest finishes, the server answers afterwards.
    let (port, served) = server(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = Vec::new();
        stream.read_to_end(&mut question).unwrap();
        stream.write_all(&question.repeat(2)).unwrap();
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    send_all(&mut guest, handle, b"question");
    guest.tcp(handle).close();
    assert_eq!(receive_all(&mut guest, handle), b"questionquestion");
    served.join().unwrap();

    // The server finishes, the guest answers afterwards.
    let (port, served) = server(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"enough").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    let handle = guest.connect(host(port), 40_001);
    assert_eq!(receive_all(&mut guest, handle), b"enough");
    guest.run(Duration::from_millis(50));
    send_all(&mut guest, handle, b"not yet");
    guest.tcp(handle).close();
    guest.until("all is forgotten", |guest| guest.network.open().0 == 0);
    assert_eq!(served.join().unwrap(), b"not yet");
}

#[test]
fn resets_go_through() {
    // From the guest to the server.
    let (port, served) = server(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap_err().kind()
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    send_all(&mut guest, handle, b"?");
    guest.run(Duration::from_millis(50));
    guest.tcp(handle).abort();
    guest.until("it is forgotten", |guest| guest.network.open().0 == 0);
    assert_eq!(served.join().unwrap(), ErrorKind::ConnectionReset);

    // From the server to the guest: it closes without having read.
    let (port, served) = server(|listener| {
        let (stream, _) = listener.accept().unwrap();
        stream.peek(&mut [0]).unwrap();
    });
    let handle = guest.connect(host(port), 40_001);
    send_all(&mut guest, handle, b"?");
    guest.until("it is reset", |guest| !guest.tcp(handle).is_open());
    served.join().unwrap();
}

#[test]
fn fifty_connections_at_once() {
    let (port, served) = server(|listener| {
        let echo = |mut stream: TcpStream| {
            let mut data = Vec::new();
            stream.read_to_end(&mut data).unwrap();
            stream.write_all(&data).unwrap();
        };
        let all: Vec<_> = (0..50)
            .map(|_| {
                let (stream, _) = listener.accept().unwrap();
                thread::spawn(move || echo(stream))
            })
            .collect();
        for one in all {
            one.join().unwrap();
        }
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let contents: Vec<_> = (1..=50).map(|seed| Random(seed).bytes(20_000)).collect();
    let handles: Vec<_> = (0..50)
        .map(|n| guest.connect(host(port), 40_000 + n))
        .collect();
    guest.until("all are connected", |guest| {
        handles.iter().all(|handle| guest.tcp(*handle).may_send())
    });
    assert_eq!(guest.network.open().0, 50);
    for (handle, content) in handles.iter().zip(&contents) {
        send_all(&mut guest, *handle, content);
        guest.tcp(*handle).close();
    }
    for (handle, content) in handles.iter().zip(&contents) {
        assert!(receive_all(&mut guest, *handle) == *content);
    }
    served.join().unwrap();
}

#[test]
fn more_connections_than_there_is_room_for_are_refused() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (port, served) = server(move |listener| {
        let all: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| listener.accept().unwrap())
            .collect();
        let _ = wait.recv();
        drop(all);
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let mut handles = Vec::new();
    // A few at a time, as the listener's queue is short.
    for n in 0..MAX_CONNECTIONS as u16 {
        let handle = guest.connect(host(port), 30_000 + n);
        guest.until("it is connected", |guest| guest.tcp(handle).may_send());
        handles.push(handle);
    }
    let one_more = guest.connect(host(port), 29_000);
    guest.until("one more is refused", |guest| {
        !guest.tcp(one_more).is_open()
    });
    assert_eq!(guest.network.open().0, MAX_CONNECTIONS);
    done.send(()).unwrap();
    served.join().unwrap();
    for handle in &handles {
        guest.until("the server has finished", |guest| {
            !guest.tcp(*handle).may_recv()
        });
        guest.tcp(*handle).close();
    }
    guest.until("there is room again", |guest| guest.network.open().0 == 0);
}

fn forwarding() -> Guest {
    Guest::new(&NetworkConfig {
        forwards: vec![Forward {
            protocol: Protocol::Tcp,
            host: "127.0.0.1:0".parse().unwrap(),
            guest: SocketAddrV4::new(GUEST, 22),
        }],
        restrict: true,
        ..NetworkConfig::default()
    })
}

#[test]
fn a_forwarded_port_leads_to_the_guest() {
    let mut guest = forwarding();
    assert!(guest.network.busy(), "a client may come");
    let port = guest.network.forwarded()[0];
    assert!(port.ip().is_loopback());
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(port).unwrap();
        stream.write_all(b"hello").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let mut socket = tcp_socket();
    socket.listen(22).unwrap();
    let handle = guest.sockets.add(socket);
    assert_eq!(receive_all(&mut guest, handle), b"hello");
    let from = guest.tcp(handle).remote_endpoint().unwrap();
    assert_eq!(from.addr, super::GATEWAY.into());
    send_all(&mut guest, handle, b"good day");
    guest.tcp(handle).close();
    guest.until("it is forgotten", |guest| guest.network.open().0 == 0);
    assert_eq!(client.join().unwrap(), b"good day");
}

#[test]
fn a_forwarded_port_leads_to_the_address_that_it_names() {
    let other = Ipv4Addr::new(10, 0, 2, 16);
    let mut guest = Guest::without_address(&NetworkConfig {
        forwards: vec!["tcp::0-10.0.2.16:22".parse().unwrap()],
        ..NetworkConfig::default()
    });
    guest.set_address(other, 24);
    let port = guest.network.forwarded()[0];
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(port).unwrap();
        stream.write_all(b"hello").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let mut socket = tcp_socket();
    socket.listen(22).unwrap();
    let handle = guest.sockets.add(socket);
    assert_eq!(receive_all(&mut guest, handle), b"hello");
    send_all(&mut guest, handle, b"good day");
    guest.tcp(handle).close();
    guest.until("it is forgotten", |guest| guest.network.open().0 == 0);
    assert_eq!(client.join().unwrap(), b"good day");
}

#[test]
fn a_forwarded_port_at_which_nobody_listens_is_reset() {
    let mut guest = forwarding();
    let port = guest.network.forwarded()[0];
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(port).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap_err().kind()
    });
    guest.until("the client comes", |guest| guest.network.open().0 == 1);
    guest.until("it is forgotten", |guest| guest.network.open().0 == 0);
    assert_eq!(client.join().unwrap(), ErrorKind::ConnectionReset);
}

#[test]
fn a_taken_port_cannot_be_forwarded() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = NetworkConfig {
        forwards: vec![format!("tcp::{port}-:22").parse().unwrap()],
        ..NetworkConfig::default()
    };
    let error = super::UserNetwork::new(&config).err().unwrap().to_string();
    assert!(
        error.contains(&format!("hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22")),
        "{error}"
    );
}

#[test]
fn a_restricted_guest_reaches_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let mut guest = forwarding();
    let handle = guest.connect(host(port), 40_000);
    guest.until("it is refused", |guest| !guest.tcp(handle).is_open());
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_reset_of_the_machine_closes_everything() {
    let (port, served) = server(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new())
    });
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    guest.until("it is connected", |guest| guest.tcp(handle).may_send());
    guest.network.reset();
    assert_eq!(guest.network.open(), (0, 0));
    assert!(!guest.network.busy());
    served.join().unwrap().unwrap();
    // The guest's old connection is unknown to the network now.
    guest.tcp(handle).send_slice(b"?").unwrap();
    guest.until("it is reset", |guest| !guest.tcp(handle).is_open());
}
