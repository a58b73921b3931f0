//! The adapter, as a driver reaches it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use smoltcp::socket::tcp::State;

use super::super::wire::HARD_LIMIT;
use super::super::{DEFAULT_MAC, GATEWAY, GUEST, Net, NetworkConfig, Resolver, UserNetwork};
use super::link::who_has;
use super::{Guest, host};
use crate::dev::virtio::testing::{Driver, ENTRIES, fuzz};
use crate::mem::Device;

const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;
const HEADER: [u8; 12] = [0; 12];
/// A header and the longest frame.
const BUFFER: usize = 12 + 1514;

fn driver() -> Driver {
    let config = NetworkConfig {
        resolver: Resolver::Nobody,
        ..NetworkConfig::default()
    };
    Driver::new(Net::new(UserNetwork::new(&config).unwrap(), DEFAULT_MAC), 0)
}

/// Lets the device work until it has given a buffer back: the length, and what is in it.
fn receive(driver: &mut Driver, at: u64) -> (u32, Vec<u8>) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        driver.work();
        if let Some((_, length)) = driver.take_used(RECEIVE) {
            return (length, driver.load(at, length as usize));
        }
        assert!(Instant::now() < end, "no frame comes");
    }
}

#[test]
fn it_is_a_network_adapter_that_offloads_nothing() {
    let mut driver = driver();
    assert_eq!(driver.get(8), 1);
    let own = driver.features() & 0xff_ffff;
    assert_eq!(own, 1 << 3 | 1 << 5 | 1 << 16, "MTU, MAC, STATUS");
    let mac: Vec<u8> = (0..6).map(|at| driver.config(at, 1) as u8).collect();
    assert_eq!(mac, [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
    assert_eq!(driver.config(6, 2), 1, "the link is up");
    assert_eq!(driver.config(10, 2), 1500);
    assert!(!driver.mmio.expects_host());
}

#[test]
fn a_frame_is_answered() {
    let mut driver = driver();
    let (_, buffers) = driver.add(RECEIVE, &[], &[BUFFER]);
    let sent = driver.request(TRANSMIT, &[&HEADER, &who_has(GATEWAY, GUEST)], &[]);
    assert_eq!(sent.unwrap().length, 0);
    let (length, bytes) = receive(&mut driver, buffers[0].0);
    assert_eq!(length, 12 + 60, "the shortest frame");
    assert_eq!(bytes[..10], [0; 10]);
    assert_eq!(bytes[10..12], [1, 0], "it is in one buffer");
    assert_eq!(bytes[12..18], DEFAULT_MAC);
    assert_eq!(bytes[24..26], [0x08, 0x06]);
    assert_eq!(driver.acknowledge(), 1);
}

#[test]
fn frames_wait_for_buffers_and_are_bounded() {
    let mut driver = driver();
    let question = who_has(GATEWAY, GUEST);
    for _ in 0..HARD_LIMIT + 50 {
        driver
            .request(TRANSMIT, &[&HEADER, &question], &[])
            .unwrap();
    }
    assert!(
        !driver.mmio.expects_host(),
        "the frames wait for the guest, not for the host"
    );
    let mut received = 0;
    loop {
        let (_, buffers) = driver.add(RECEIVE, &[], &[BUFFER]);
        driver.work();
        let Some((length, written)) = driver.take_used(RECEIVE).map(|used| (used.1, buffers))
        else {
            break;
        };
        assert_eq!(length, 72);
        assert_eq!(driver.load(written[0].0 + 24, 2), [0x08, 0x06]);
        received += 1;
    }
    assert_eq!(received, HARD_LIMIT);
}

#[test]
fn a_buffer_that_is_too_small_loses_the_frame_alone() {
    let mut driver = driver();
    let question = who_has(GATEWAY, GUEST);
    let (_, small) = driver.add(RECEIVE, &[], &[71]);
    driver
        .request(TRANSMIT, &[&HEADER, &question], &[])
        .unwrap();
    assert_eq!(receive(&mut driver, small[0].0).0, 0);
    // In pieces it may be, wherever they end.
    driver.add(RECEIVE, &[], &[5, 20, 47]);
    driver
        .request(TRANSMIT, &[&HEADER, &question], &[])
        .unwrap();
    assert_eq!(receive(&mut driver, 0x8000_0000).0, 72);
    assert!(!driver.needs_reset());
}

#[test]
fn what_is_no_frame_is_taken_or_needs_a_reset() {
    let mut driver = driver();
    for length in [0, 1, 13, 14, 1514, 1515, 9000] {
        let frame = vec![0xff; length + 1];
        let sent = driver.request(TRANSMIT, &[&HEADER, &frame[..length.max(1)]], &[]);
        assert!(sent.is_some(), "{length}");
    }
    // The header may share a buffer with the frame, or be in pieces.
    let together = [&HEADER[..], &who_has(GATEWAY, GUEST)].concat();
    let (_, buffers) = driver.add(RECEIVE, &[], &[BUFFER]);
    driver
        .request(TRANSMIT, &[&together[..7], &together[7..]], &[])
        .unwrap();
    assert_eq!(receive(&mut driver, buffers[0].0).0, 72);

    assert_eq!(driver.request(TRANSMIT, &[&HEADER[..11]], &[]), None);
    assert!(driver.needs_reset());
    driver.start(0);
    assert_eq!(driver.request(TRANSMIT, &[&together], &[1]), None);
    assert!(driver.needs_reset());
}

/// Moves the frames of a guest through the adapter's queues.
fn exchange(guest: &mut Guest, driver: &mut Driver, buffers: &BTreeMap<u32, u64>) {
    let now = smoltcp::time::Instant::from_micros(guest.started.elapsed().as_micros() as i64);
    guest
        .interface
        .poll(now, &mut guest.adapter, &mut guest.sockets);
    while let Some(frame) = guest.adapter.sent.pop_front() {
        driver.request(TRANSMIT, &[&HEADER, &frame], &[]).unwrap();
    }
    driver.work();
    while let Some((head, length)) = driver.take_used(RECEIVE) {
        let frame = driver.load(buffers[&head] + 12, length as usize - 12);
        guest.adapter.received.push_back(frame);
        driver.make_available(RECEIVE, head as u16);
    }
}

#[test]
fn a_mebibyte_goes_there_and_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut data = Vec::new();
        stream.read_to_end(&mut data).unwrap();
        stream.write_all(&data).unwrap();
    });
    let mut driver = driver();
    let buffers: BTreeMap<u32, u64> = (0..ENTRIES)
        .map(|_| driver.add(RECEIVE, &[], &[BUFFER]))
        .map(|(head, places)| (head.into(), places[0].0))
        .collect();
    let mut guest = Guest::new(&NetworkConfig::default());
    let handle = guest.connect(host(port), 40_000);
    let content = super::Random(9).bytes(1 << 20);
    let (mut sent, mut received) = (0, Vec::new());
    let end = Instant::now() + Duration::from_secs(60);
    while received.len() < content.len() {
        assert!(Instant::now() < end, "{sent} sent, {} back", received.len());
        exchange(&mut guest, &mut driver, &buffers);
        let socket = guest.tcp(handle);
        if socket.can_send() {
            sent += socket.send_slice(&content[sent..]).unwrap();
            if sent == content.len() {
                socket.close();
            }
        }
        while socket.can_recv() {
            let taken = socket.recv(|data| (data.len(), data.to_vec())).unwrap();
            received.extend(taken);
        }
    }
    assert!(received == content);
    assert_ne!(guest.tcp(handle).state(), State::Closed);
    served.join().unwrap();
}

#[test]
fn a_broken_driver_does_no_harm() {
    let frame = [&HEADER[..], &who_has(GATEWAY, GUEST)].concat();
    let met = fuzz(&mut driver(), 3, 3_000, |_, bytes| {
        let length = bytes.len().min(frame.len());
        bytes[..length].copy_from_slice(&frame[..length]);
    });
    assert!(met.answers > 100 && met.resets > 100, "{met:?}");
}
