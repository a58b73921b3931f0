//! Datagrams and questions for names.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::{icmp, udp};
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, IpAddress,
    Ipv4Packet,
};

use super::super::udp::MAX_FLOWS;
use super::super::{Forward, GATEWAY, GUEST, NAME_SERVER, NetworkConfig, Protocol, Resolver};
use super::{Guest, host};

fn bind(guest: &mut Guest, port: u16) -> SocketHandle {
    let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 8], vec![0; 8192]);
    let mut socket = udp::Socket::new(buffer(), buffer());
    socket.bind(port).unwrap();
    guest.sockets.add(socket)
}

fn send(guest: &mut Guest, handle: SocketHandle, to: SocketAddrV4, data: &[u8]) {
    let to = (*to.ip(), to.port());
    guest
        .get::<udp::Socket>(handle)
        .send_slice(data, to)
        .unwrap();
}

fn receive(guest: &mut Guest, handle: SocketHandle) -> (Vec<u8>, SocketAddrV4) {
    guest.until("a datagram comes", |guest| {
        guest.get::<udp::Socket>(handle).can_recv()
    });
    let (data, from) = guest.get::<udp::Socket>(handle).recv().unwrap();
    let IpAddress::Ipv4(address) = from.endpoint.addr;
    (
        data.to_vec(),
        SocketAddrV4::new(address, from.endpoint.port),
    )
}

/// A server on the host's loopback that answers each datagram with what `answer` makes of it.
fn server(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    // It ends with the test's process.
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((count, client)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&answer(&buffer[..count]), client);
        }
    });
    port
}

#[test]
fn datagrams_go_there_and_back() {
    let port = server(|data| data.iter().rev().copied().collect());
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = bind(&mut guest, 5000);
    for data in [&b"abc"[..], b"", &[7; 1472]] {
        send(&mut guest, handle, host(port), data);
        let (answer, from) = receive(&mut guest, handle);
        assert!(answer.iter().eq(data.iter().rev()));
        assert_eq!(from, host(port));
    }
    assert_eq!(guest.network.open(), (0, 1));
    assert!(guest.network.busy(), "more may come");
}

#[test]
fn a_datagram_too_long_for_a_frame_comes_in_pieces() {
    let content: Vec<u8> = (0..5000_u32).map(|n| (n % 251) as u8).collect();
    let expected = content.clone();
    let port = server(move |_| content.clone());
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = bind(&mut guest, 5000);
    send(&mut guest, handle, host(port), b"?");
    // The frames themselves are looked at: the guest's stack here puts nothing together.
    let mut pieces = Vec::new();
    guest.until("all pieces come", |guest| {
        guest.adapter.received.retain(|frame| {
            let ethernet = EthernetFrame::new_checked(&frame[..]).unwrap();
            if ethernet.ethertype() != EthernetProtocol::Ipv4 {
                return true;
            }
            let packet = Ipv4Packet::new_checked(ethernet.payload()).unwrap();
            assert!(packet.verify_checksum());
            pieces.push((
                packet.ident(),
                packet.more_frags(),
                packet.frag_offset(),
                packet.payload().to_vec(),
            ));
            false
        });
        pieces.len() == 4
    });
    let mut whole: Vec<u8> = Vec::new();
    for (ident, more, offset, data) in &pieces {
        assert_eq!(*ident, pieces[0].0);
        assert_eq!(*more, *offset != pieces[3].2);
        assert_eq!(usize::from(*offset), whole.len());
        whole.extend(data);
    }
    assert_eq!(whole[8..], expected);
}

#[test]
fn a_port_where_nobody_is_cannot_be_reached() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let mut guest = Guest::new(&NetworkConfig::default());
    let buffer = || icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 2], vec![0; 4096]);
    let mut errors = icmp::Socket::new(buffer(), buffer());
    errors.bind(icmp::Endpoint::Udp(5000.into())).unwrap();
    let errors = guest.sockets.add(errors);
    let handle = bind(&mut guest, 5000);
    send(&mut guest, handle, host(port), b"anyone?");
    guest.until("the error comes", |guest| {
        guest.get::<icmp::Socket>(errors).can_recv()
    });
    let (packet, from) = guest.get::<icmp::Socket>(errors).recv().unwrap();
    assert_eq!(from, GATEWAY.into());
    let packet = Icmpv4Packet::new_checked(packet).unwrap();
    match Icmpv4Repr::parse(&packet, &Default::default()) {
        Ok(Icmpv4Repr::DstUnreachable { reason, header, .. }) => {
            assert_eq!(reason, Icmpv4DstUnreachable::PortUnreachable);
            assert_eq!((header.src_addr, header.dst_addr), (GUEST, GATEWAY));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(guest.network.open(), (0, 0));
}

/// A question for a name (RFC 1035, 4.1).
fn question(id: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(b"\x04host\x07example\0\0\x01\0\x01");
    message
}

const NAMES: SocketAddrV4 = SocketAddrV4::new(NAME_SERVER, 53);

#[test]
fn the_name_server_asks_the_hosts() {
    let port = server(|asked| {
        let mut answer = asked.to_vec();
        answer[2] |= 0x80;
        answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07");
        answer
    });
    let mut guest = Guest::new(&NetworkConfig {
        resolver: Resolver::At(SocketAddr::from(([127, 0, 0, 1], port))),
        ..NetworkConfig::default()
    });
    let handle = bind(&mut guest, 5000);
    for id in [1, 2] {
        send(&mut guest, handle, NAMES, &question(id));
        let (answer, from) = receive(&mut guest, handle);
        assert_eq!(from, NAMES);
        assert_eq!(answer[..2], id.to_be_bytes());
        assert!(answer.ends_with(&[192, 0, 2, 7]));
        assert!(!guest.network.busy(), "every question is answered");
    }
    // Other ports of its lead nowhere.
    send(&mut guest, handle, SocketAddrV4::new(NAME_SERVER, 54), b"x");
    guest.run(Duration::from_millis(20));
    assert_eq!(guest.network.open(), (0, 1));
}

#[test]
fn questions_that_nobody_answers_get_a_failure() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let nobody = socket.local_addr().unwrap();
    drop(socket);
    let restricted = NetworkConfig {
        restrict: true,
        ..NetworkConfig::default()
    };
    for config in [
        NetworkConfig {
            resolver: Resolver::Nobody,
            ..NetworkConfig::default()
        },
        NetworkConfig {
            resolver: Resolver::At(nobody),
            ..NetworkConfig::default()
        },
        restricted,
    ] {
        let mut guest = Guest::new(&config);
        let handle = bind(&mut guest, 5000);
        send(&mut guest, handle, NAMES, &question(0xbeef));
        let (answer, from) = receive(&mut guest, handle);
        assert_eq!(from, NAMES, "{config:?}");
        assert_eq!(answer[..4], [0xbe, 0xef, 0x81, 0x82], "{config:?}");
        assert!(!guest.network.busy());
    }
}

#[test]
fn a_forwarded_port_has_a_client_for_each_address() {
    let mut guest = Guest::new(&NetworkConfig {
        forwards: vec![Forward {
            protocol: Protocol::Udp,
            host: "127.0.0.1:0".parse().unwrap(),
            guest: SocketAddrV4::new(GUEST, 69),
        }],
        restrict: true,
        ..NetworkConfig::default()
    });
    assert!(guest.network.busy());
    let port = guest.network.forwarded()[0];
    let handle = bind(&mut guest, 69);
    // The guest is heard of before anything can be sent to it.
    send(&mut guest, handle, NAMES, b"");
    guest.run(Duration::from_millis(20));
    let clients = [1, 2].map(|n: u8| (n, UdpSocket::bind("127.0.0.1:0").unwrap()));
    let mut partners = Vec::new();
    for (n, client) in &clients {
        client.send_to(&[*n; 10], port).unwrap();
        let (data, from) = receive(&mut guest, handle);
        assert_eq!(data, [*n; 10]);
        assert_eq!(*from.ip(), GATEWAY);
        partners.push(from);
    }
    for ((n, client), partner) in clients.iter().zip(&partners) {
        send(&mut guest, handle, *partner, &[*n + 100]);
        client.set_nonblocking(true).unwrap();
        let mut answer = [0; 4];
        let mut received = None;
        guest.until("the client has its answer", |_| {
            received = client.recv_from(&mut answer).ok();
            received.is_some()
        });
        let (count, from) = received.unwrap();
        assert_eq!((&answer[..count], from), (&[*n + 100][..], port));
    }
    assert_eq!(guest.network.open(), (0, 2));
}

#[test]
fn pairs_of_ends_are_bounded_and_forgotten() {
    let port = server(|data| data.to_vec());
    let mut guest = Guest::new(&NetworkConfig::default());
    for n in 0..MAX_FLOWS as u16 + 20 {
        let handle = bind(&mut guest, 10_000 + n);
        send(&mut guest, handle, host(port), b"x");
        let (_, from) = receive(&mut guest, handle);
        assert_eq!(from, host(port));
        guest.sockets.remove(handle);
    }
    assert_eq!(guest.network.open(), (0, MAX_FLOWS));
    assert!(guest.network.busy());
    let now = Instant::now();
    guest.network.poll(now + Duration::from_secs(11));
    assert!(!guest.network.busy(), "no answer is expected any more");
    assert_eq!(guest.network.open(), (0, MAX_FLOWS));
    guest.network.poll(now + Duration::from_secs(61));
    assert_eq!(guest.network.open(), (0, 0));
}
