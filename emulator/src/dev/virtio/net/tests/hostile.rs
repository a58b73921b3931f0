//! Frames that no honest guest sends.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp::State;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, Ipv4Address, Ipv4Packet, Ipv4Repr,
    TcpPacket, TcpSeqNumber,
};

use super::super::address::{ETHERNET, MAX_FRAME};
use super::super::tcp::MAX_CONNECTIONS;
use super::super::udp::MAX_FLOWS;
use super::super::wire::HARD_LIMIT;
use super::super::{GATEWAY, GUEST, NAME_SERVER, NetworkConfig, Resolver, UserNetwork};
use super::link::who_has;
use super::{Guest, MAC, Random, host};

/// Nobody is asked for names, whatever the frames say.
fn guest() -> Guest {
    Guest::new(&NetworkConfig {
        resolver: Resolver::Nobody,
        ..NetworkConfig::default()
    })
}

/// The network still works, and holds no more than it may.
fn check(guest: &mut Guest) {
    let (connections, flows) = guest.network.open();
    assert!(connections <= MAX_CONNECTIONS && flows <= MAX_FLOWS);
    let waiting = std::iter::from_fn(|| guest.network.to_guest()).count();
    assert!(waiting <= HARD_LIMIT, "{waiting}");
    guest.adapter.received.clear();
    // Connections that were asked for and never used are given up.
    for _ in 0..3 {
        guest.ahead += Duration::from_secs(130);
        guest.run(Duration::from_millis(20));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = guest.connect(host(port), 50_000);
    guest.until("a connection can be made", |guest| {
        guest.tcp(handle).state() == State::Established
    });
}

/// A frame to the router with this in it.
fn frame(protocol: IpProtocol, to: Ipv4Address, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 34 + payload.len()];
    let ethernet = EthernetRepr {
        src_addr: MAC,
        dst_addr: ETHERNET,
        ethertype: EthernetProtocol::Ipv4,
    };
    ethernet.emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    let header = Ipv4Repr {
        src_addr: GUEST,
        dst_addr: to,
        next_header: protocol,
        payload_len: payload.len(),
        hop_limit: 64,
    };
    let mut packet = Ipv4Packet::new_unchecked(&mut frame[14..]);
    header.emit(&mut packet, &ChecksumCapabilities::default());
    packet.payload_mut().copy_from_slice(payload);
    frame
}

/// An address to which a frame does no harm: it is of this machine or of nobody.
fn harmless(random: &mut Random) -> Ipv4Address {
    let addresses = [GATEWAY, NAME_SERVER, GUEST, Ipv4Address::new(10, 0, 2, 255)];
    addresses[random.below(addresses.len())]
}

#[test]
fn frames_of_every_length_are_harmless() {
    let mut guest = guest();
    let mut random = Random(1);
    for length in (0..200).chain([1513, 1514, 1515, 2000, 65_535, 1 << 20]) {
        for ethertype in [[0x08, 0x00], [0x08, 0x06], [0x86, 0xdd], [0x81, 0x00]] {
            let mut frame = random.bytes(length);
            if length >= 14 {
                frame[..6].copy_from_slice(ETHERNET.as_bytes());
                frame[6..12].copy_from_slice(MAC.as_bytes());
                frame[12..14].copy_from_slice(&ethertype);
            }
            guest.network.from_guest(&frame);
        }
    }
    guest.network.poll(Instant::now());
    assert_eq!(guest.network.open(), (0, 0));
    check(&mut guest);
}

#[test]
fn real_frames_cut_and_changed_are_harmless() {
    // What an honest guest sends, to be spoilt.
    let mut honest = guest();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut samples = Vec::new();
    let dhcp = honest.sockets.add(smoltcp::socket::dhcpv4::Socket::new());
    let handle = honest.connect(host(port), 40_000);
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        let elapsed = honest.started.elapsed().as_micros() as i64;
        let now = smoltcp::time::Instant::from_micros(elapsed);
        honest
            .interface
            .poll(now, &mut honest.adapter, &mut honest.sockets);
        samples.extend(honest.adapter.sent.iter().cloned());
        if honest.tcp(handle).can_send() && samples.len() < 20 {
            honest.tcp(handle).send_slice(b"some data").unwrap();
        }
        honest.step();
    }
    honest.sockets.remove(dhcp);
    assert!(samples.len() >= 5, "{}", samples.len());

    let mut guest = guest();
    let mut random = Random(2);
    for sample in &samples {
        for length in 0..sample.len() {
            guest.network.from_guest(&sample[..length]);
        }
    }
    for _ in 0..50_000 {
        let mut frame = samples[random.below(samples.len())].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(frame.len());
            frame[at] = random.next() as u8;
        }
        mend(&mut frame);
        guest.network.from_guest(&frame);
        if random.below(50) == 0 {
            guest.network.poll(Instant::now());
            while random.below(20) != 0 && guest.network.to_guest().is_some() {}
        }
    }
    check(&mut guest);
}

/// Makes the checksums right, so that what is wrong is seen further in, and the destination
/// harmless.
fn mend(frame: &mut [u8]) {
    let Ok(mut ethernet) = EthernetFrame::new_checked(&mut frame[..]) else {
        return;
    };
    let Ok(mut packet) = Ipv4Packet::new_checked(ethernet.payload_mut()) else {
        return;
    };
    if packet.dst_addr() != Ipv4Address::BROADCAST {
        packet.set_dst_addr(GATEWAY);
    }
    packet.fill_checksum();
    let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
    if packet.next_header() == IpProtocol::Tcp
        && let Ok(mut segment) = TcpPacket::new_checked(packet.payload_mut())
    {
        segment.fill_checksum(&from, &to);
    }
}

#[test]
fn random_packets_of_every_protocol_are_harmless() {
    let mut guest = guest();
    let mut random = Random(3);
    for _ in 0..50_000 {
        let protocol = [
            IpProtocol::Icmp,
            IpProtocol::Tcp,
            IpProtocol::Udp,
            IpProtocol::Igmp,
        ][random.below(4)];
        let length = random.below(120);
        let mut payload = random.bytes(length);
        let to = harmless(&mut random);
        // Nobody's service on this machine is to be disturbed: only port 0 and the server's.
        if length >= 4 && to == GATEWAY {
            let port = if random.below(2) == 0 { 0_u16 } else { 67 };
            payload[2..4].copy_from_slice(&port.to_be_bytes());
        }
        let mut frame = frame(protocol, to, &payload);
        if random.below(4) == 0 {
            // Pieces of a packet.
            let mut packet = Ipv4Packet::new_unchecked(&mut frame[14..]);
            packet.set_more_frags(random.below(2) == 0);
            packet.set_frag_offset((random.below(8192) * 8) as u16);
            packet.fill_checksum();
        }
        guest.network.from_guest(&frame);
        if random.below(50) == 0 {
            guest.network.poll(Instant::now());
        }
    }
    check(&mut guest);
}

#[test]
fn random_segments_within_a_connection_are_harmless() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut random = Random(4);
    let mut established = 0;
    for round in 0..200_u16 {
        let mut guest = guest();
        let handle = guest.connect(host(port), 40_000 + round);
        guest.until("it is connected", |guest| guest.tcp(handle).may_send());
        let (mut stream, _) = listener.accept().unwrap();
        // Something is under way to the guest.
        use std::io::Write;
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(&random.bytes(5000));
        if round % 3 == 0 {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        guest.tcp(handle).send_slice(b"known").unwrap();
        guest.step();
        // A segment of the connection's own tells where its numbers are.
        let mut acknowledged = 0;
        let mut sequence = 0;
        guest.tcp(handle).send_slice(b"more").unwrap();
        guest.until("there is a segment", |guest| {
            let now = guest.started.elapsed().as_micros() as i64;
            let now = smoltcp::time::Instant::from_micros(now);
            guest
                .interface
                .poll(now, &mut guest.adapter, &mut guest.sockets);
            for frame in &guest.adapter.sent {
                if let Ok(ip) = Ipv4Packet::new_checked(&frame[14..])
                    && let Ok(segment) = TcpPacket::new_checked(ip.payload())
                {
                    acknowledged = segment.ack_number().0;
                    sequence = segment.seq_number().0;
                }
            }
            acknowledged != 0
        });
        for _ in 0..100 {
            let near = |random: &mut Random, number: i32| {
                let by = match random.below(4) {
                    0 => 0,
                    1 => random.below(20) as i32 - 10,
                    2 => random.below(300_000) as i32 - 150_000,
                    _ => random.next() as i32,
                };
                smoltcp::wire::TcpSeqNumber(number.wrapping_add(by))
            };
            let options = random.below(11) * 4;
            let length = 20 + options + random.below(200);
            let mut bytes = random.bytes(length);
            let mut segment = TcpPacket::new_unchecked(&mut bytes[..]);
            segment.set_src_port(40_000 + round);
            segment.set_dst_port(port);
            segment.set_seq_number(near(&mut random, sequence));
            segment.set_ack_number(near(&mut random, acknowledged));
            segment.set_header_len((20 + options) as u8);
            if random.below(3) != 0 {
                segment.set_ack(true);
                segment.set_syn(false);
                segment.set_rst(random.below(40) == 0);
            }
            segment.fill_checksum(&GUEST.into(), &GATEWAY.into());
            guest
                .network
                .from_guest(&frame(IpProtocol::Tcp, GATEWAY, &bytes));
            guest.network.poll(Instant::now());
            while guest.network.to_guest().is_some() {}
        }
        established += guest.network.open().0;
        let (_, flows) = guest.network.open();
        assert_eq!(flows, 0);
    }
    assert!(
        established > 10,
        "the segments were not those of connections"
    );
}

#[test]
fn a_flood_is_bounded() {
    let mut guest = guest();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    guest.network.from_guest(&who_has(GATEWAY, GUEST));
    // Connections that are asked for and never used; the guest takes no frame.
    for n in 0..5000_u16 {
        let mut bytes = [0; 20];
        let mut segment = TcpPacket::new_unchecked(&mut bytes[..]);
        segment.set_src_port(10_000 + n);
        segment.set_dst_port(port);
        segment.set_header_len(20);
        segment.set_window_len(1000);
        segment.set_syn(true);
        segment.fill_checksum(&GUEST.into(), &GATEWAY.into());
        guest
            .network
            .from_guest(&frame(IpProtocol::Tcp, GATEWAY, &bytes));
        guest.network.poll(Instant::now());
        let (connections, _) = guest.network.open();
        assert!(connections <= MAX_CONNECTIONS);
    }
    // Echoes without end.
    for _ in 0..5000 {
        let mut echo = [0; MAX_FRAME - 34];
        echo[0] = 8;
        echo[2..4].copy_from_slice(&[0xf7, 0xff]);
        guest
            .network
            .from_guest(&frame(IpProtocol::Icmp, GATEWAY, &echo));
    }
    let waiting = std::iter::from_fn(|| guest.network.to_guest()).count();
    assert_eq!(waiting, HARD_LIMIT);
    // The guest never answers: they are given up.
    let start = Instant::now();
    for minute in 1..20 {
        guest.network.poll(start + Duration::from_secs(minute * 60));
        while guest.network.to_guest().is_some() {}
    }
    assert_eq!(guest.network.open(), (0, 0));
}

/// A segment of TCP without options, from the guest's port 45,000.
fn segment(port: u16, numbers: (i32, i32), syn: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20 + payload.len()];
    let mut segment = TcpPacket::new_unchecked(&mut bytes[..]);
    segment.set_src_port(45_000);
    segment.set_dst_port(port);
    segment.set_header_len(20);
    segment.set_window_len(u16::MAX);
    segment.set_syn(syn);
    segment.set_ack(!syn);
    segment.set_seq_number(TcpSeqNumber(numbers.0));
    segment.set_ack_number(TcpSeqNumber(numbers.1));
    segment.payload_mut().copy_from_slice(payload);
    segment.fill_checksum(&GUEST.into(), &GATEWAY.into());
    frame(IpProtocol::Tcp, GATEWAY, &bytes)
}

/// The number of the last segment for the guest's own address, and the number that it
/// acknowledges.
fn last_segment(network: &mut UserNetwork) -> Option<(i32, i32)> {
    let mut last = None;
    while let Some(frame) = network.to_guest() {
        let ethernet = EthernetFrame::new_checked(&frame[..]).unwrap();
        if let Ok(ip) = Ipv4Packet::new_checked(ethernet.payload())
            && ethernet.ethertype() == EthernetProtocol::Ipv4
            && let Ok(segment) = TcpPacket::new_checked(ip.payload())
        {
            assert_eq!((ethernet.dst_addr(), ip.dst_addr()), (MAC, GUEST));
            assert!(segment.ack() && !segment.rst());
            last = Some((segment.seq_number().0, segment.ack_number().0));
        }
    }
    last
}

#[test]
fn more_than_the_window_from_one_of_many_addresses_is_harmless() {
    const START: i32 = i32::MAX - 30_000;
    let mut guest = guest();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    guest.network.from_guest(&who_has(GATEWAY, GUEST));
    let first = segment(port, (START, 0), true, &[]);
    guest.network.from_guest(&first);
    let patience = Instant::now() + Duration::from_secs(20);
    let mut reply = None;
    while reply.is_none() {
        assert!(Instant::now() < patience, "the connection is not accepted");
        guest.network.poll(Instant::now());
        reply = last_segment(&mut guest.network);
    }
    let (number, acknowledged) = reply.unwrap();
    assert_eq!(acknowledged, START.wrapping_add(1));
    let number = number.wrapping_add(1);
    let (mut stream, _) = listener.accept().unwrap();
    guest
        .network
        .from_guest(&segment(port, (acknowledged, number), false, &[]));
    guest.network.poll(Instant::now());

    // The guest has many other addresses all of a sudden, more than a table may hold.
    for other in 100..200 {
        std::thread::sleep(Duration::from_micros(100));
        guest.network.poll(Instant::now());
        let other = Ipv4Address::new(10, 0, 2, other);
        guest.network.from_guest(&who_has(GATEWAY, other));
    }
    while guest.network.to_guest().is_some() {}

    // It sends more than it was told there is room for (65,535 bytes: it has no scaling).
    let data = Random(5).bytes(100 << 10);
    for (index, piece) in data.chunks(1400).enumerate() {
        let at = acknowledged.wrapping_add(index as i32 * 1400);
        guest
            .network
            .from_guest(&segment(port, (at, number), false, piece));
    }
    let mut taken = 0;
    while taken == 0 {
        assert!(Instant::now() < patience, "what came is not acknowledged");
        guest.network.poll(Instant::now());
        if let Some((_, now)) = last_segment(&mut guest.network) {
            taken = now.wrapping_sub(acknowledged) as usize;
        }
    }
    // It is as much as there was said to be room for, and the host has it.
    assert!((60_000..=65_535).contains(&taken), "{taken}");
    let mut received = vec![0; taken];
    stream.read_exact(&mut received).unwrap();
    assert!(received == data[..taken]);
    check(&mut guest);
}
