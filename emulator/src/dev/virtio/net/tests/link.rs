//! Addresses, names and echoes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::{dhcpv4, icmp};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress,
    EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4Packet, Icmpv4Repr, Ipv4Cidr,
};

use super::super::address::ETHERNET;
use super::super::{GATEWAY, GUEST, NAME_SERVER, NetworkConfig, dhcp};
use super::{Guest, MAC};

pub(super) fn who_has(target: Ipv4Addr, source: Ipv4Addr) -> Vec<u8> {
    let request = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: MAC,
        source_protocol_addr: source,
        target_hardware_addr: EthernetAddress([0; 6]),
        target_protocol_addr: target,
    };
    let mut frame = vec![0; 14 + request.buffer_len()];
    let header = EthernetRepr {
        src_addr: MAC,
        dst_addr: EthernetAddress::BROADCAST,
        ethertype: EthernetProtocol::Arp,
    };
    header.emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    request.emit(&mut ArpPacket::new_unchecked(&mut frame[14..]));
    frame
}

#[test]
fn the_router_and_the_name_server_are_found_and_nobody_else() {
    let mut guest = Guest::new(&NetworkConfig::default());
    for target in [GATEWAY, NAME_SERVER] {
        guest.network.from_guest(&who_has(target, GUEST));
        let frame = guest.network.to_guest().unwrap();
        let ethernet = EthernetFrame::new_checked(&frame[..]).unwrap();
        assert_eq!(ethernet.dst_addr(), MAC);
        let answer = ArpPacket::new_checked(ethernet.payload()).unwrap();
        assert_eq!(
            ArpRepr::parse(&answer),
            Ok(ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Reply,
                source_hardware_addr: ETHERNET,
                source_protocol_addr: target,
                target_hardware_addr: MAC,
                target_protocol_addr: GUEST,
            })
        );
    }
    // The guest asks whether its own address is free, announces it, asks for nobody's.
    for (target, source) in [
        (GUEST, Ipv4Addr::UNSPECIFIED),
        (GUEST, GUEST),
        (Ipv4Addr::new(10, 0, 2, 77), GUEST),
        (Ipv4Addr::new(192, 0, 2, 1), GUEST),
    ] {
        guest.network.from_guest(&who_has(target, source));
        assert_eq!(guest.network.to_guest(), None, "{target}");
    }
}

fn lease(config: &NetworkConfig) -> (Ipv4Cidr, Option<Ipv4Addr>, Vec<Ipv4Addr>) {
    let mut guest = Guest::without_address(config);
    let handle = guest.sockets.add(dhcpv4::Socket::new());
    let mut lease = None;
    guest.until("an address is given", |guest| {
        if let Some(dhcpv4::Event::Configured(given)) = guest.get::<dhcpv4::Socket>(handle).poll() {
            lease = Some((given.address, given.router, given.dns_servers.to_vec()));
        }
        lease.is_some()
    });
    assert!(!guest.network.busy());
    lease.unwrap()
}

#[test]
fn dhcp_gives_the_address_the_router_and_the_name_server() {
    let address = Ipv4Cidr::new(GUEST, 24);
    let open = lease(&NetworkConfig::default());
    assert_eq!(open, (address, Some(GATEWAY), vec![NAME_SERVER]));
    let restricted = lease(&NetworkConfig {
        restrict: true,
        ..NetworkConfig::default()
    });
    assert_eq!(restricted, (address, None, vec![]));
}

fn asked(kind: DhcpMessageType) -> DhcpRepr<'static> {
    DhcpRepr {
        message_type: kind,
        transaction_id: 0x1234_5678,
        secs: 0,
        client_hardware_address: MAC,
        client_ip: Ipv4Addr::UNSPECIFIED,
        your_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: None,
        subnet_mask: None,
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: false,
        requested_ip: None,
        client_identifier: None,
        server_identifier: None,
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: None,
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    }
}

fn answer(asked: &DhcpRepr<'_>) -> Option<dhcp::Answer> {
    let mut message = vec![0; asked.buffer_len()];
    let mut packet = DhcpPacket::new_unchecked(&mut message[..]);
    asked.emit(&mut packet).unwrap();
    dhcp::answer(&message, true)
}

fn kind(answer: &dhcp::Answer) -> DhcpMessageType {
    let packet = DhcpPacket::new_checked(&answer.message[..]).unwrap();
    DhcpRepr::parse(&packet).unwrap().message_type
}

#[test]
fn dhcp_answers_each_kind_of_message() {
    let offer = answer(&asked(DhcpMessageType::Discover)).unwrap();
    assert_eq!(offer.to, Ipv4Addr::BROADCAST);
    let packet = DhcpPacket::new_checked(&offer.message[..]).unwrap();
    let offered = DhcpRepr::parse(&packet).unwrap();
    assert_eq!(offered.message_type, DhcpMessageType::Offer);
    assert_eq!(offered.transaction_id, 0x1234_5678);
    assert_eq!(offered.your_ip, GUEST);
    assert_eq!(offered.server_identifier, Some(GATEWAY));
    assert_eq!(offered.lease_duration, Some(86_400));
    assert_eq!(offered.renew_duration, Some(43_200));
    assert_eq!(offered.rebind_duration, Some(75_600));
    let name = packet.options().find(|option| option.kind == 12);
    assert_eq!(name.unwrap().data, b"pagewalk");

    let renews = DhcpRepr {
        client_ip: GUEST,
        ..asked(DhcpMessageType::Request)
    };
    let renewed = answer(&renews).unwrap();
    assert_eq!((kind(&renewed), renewed.to), (DhcpMessageType::Ack, GUEST));

    let other = DhcpRepr {
        requested_ip: Some(Ipv4Addr::new(192, 168, 0, 7)),
        ..asked(DhcpMessageType::Request)
    };
    let refused = answer(&other).unwrap();
    assert_eq!(kind(&refused), DhcpMessageType::Nak);
    assert_eq!(refused.to, Ipv4Addr::BROADCAST);

    let settings = DhcpRepr {
        client_ip: GUEST,
        ..asked(DhcpMessageType::Inform)
    };
    let given = answer(&settings).unwrap();
    let packet = DhcpPacket::new_checked(&given.message[..]).unwrap();
    let given = DhcpRepr::parse(&packet).unwrap();
    assert_eq!(given.message_type, DhcpMessageType::Ack);
    assert_eq!(given.your_ip, Ipv4Addr::UNSPECIFIED);
    assert_eq!(given.lease_duration, None);

    let elsewhere = DhcpRepr {
        requested_ip: Some(GUEST),
        server_identifier: Some(Ipv4Addr::new(10, 0, 2, 9)),
        ..asked(DhcpMessageType::Request)
    };
    assert_eq!(answer(&elsewhere), None);
    assert_eq!(answer(&asked(DhcpMessageType::Release)), None);
    assert_eq!(answer(&asked(DhcpMessageType::Offer)), None);
}

/// Whether an echo comes back.
fn echoes(guest: &mut Guest, to: Ipv4Addr, within: Duration) -> bool {
    let buffer = || icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 2], vec![0; 4096]);
    let mut socket = icmp::Socket::new(buffer(), buffer());
    socket.bind(icmp::Endpoint::Ident(77)).unwrap();
    let request = Icmpv4Repr::EchoRequest {
        ident: 77,
        seq_no: 1,
        data: &[0x5a; 1000],
    };
    let mut packet = vec![0; request.buffer_len()];
    request.emit(
        &mut Icmpv4Packet::new_unchecked(&mut packet[..]),
        &ChecksumCapabilities::default(),
    );
    socket.send_slice(&packet, to.into()).unwrap();
    let handle = guest.sockets.add(socket);
    let end = Instant::now() + within;
    while Instant::now() < end && !guest.get::<icmp::Socket>(handle).can_recv() {
        guest.run(Duration::from_millis(1));
    }
    let came = match guest.get::<icmp::Socket>(handle).recv() {
        Ok((packet, from)) => {
            assert_eq!(from, to.into());
            let packet = Icmpv4Packet::new_checked(packet).unwrap();
            let answer = Icmpv4Repr::parse(&packet, &ChecksumCapabilities::default());
            let expected = Icmpv4Repr::EchoReply {
                ident: 77,
                seq_no: 1,
                data: &[0x5a; 1000],
            };
            assert_eq!(answer, Ok(expected));
            true
        }
        Err(_) => false,
    };
    guest.sockets.remove(handle);
    came
}

#[test]
fn the_router_echoes_and_pretends_for_nobody() {
    let mut guest = Guest::new(&NetworkConfig::default());
    let (patience, briefly) = (Duration::from_secs(20), Duration::from_millis(200));
    assert!(echoes(&mut guest, GATEWAY, patience));
    assert!(echoes(&mut guest, NAME_SERVER, patience));
    assert!(!echoes(&mut guest, Ipv4Addr::new(192, 0, 2, 1), briefly));
    assert!(!echoes(&mut guest, Ipv4Addr::new(10, 0, 2, 77), briefly));
}

#[test]
fn a_guest_that_has_not_been_heard_of_is_asked_for_now_and_then() {
    let mut guest = Guest::new(&NetworkConfig {
        forwards: vec!["tcp:127.0.0.1:0-:22".parse().unwrap()],
        ..NetworkConfig::default()
    });
    let network = &mut guest.network;
    let _client = std::net::TcpStream::connect(network.forwarded()[0]).unwrap();
    let start = Instant::now();
    let patience = start + Duration::from_secs(20);
    while network.open().0 == 0 {
        assert!(Instant::now() < patience, "the client is not accepted");
        network.poll(Instant::now());
    }
    let mut asked = 0;
    // Forty seconds of the network's, a tenth at a time.
    for tenth in 1..=400 {
        network.poll(start + Duration::from_millis(tenth * 100));
        while let Some(frame) = network.to_guest() {
            let ethernet = EthernetFrame::new_checked(&frame[..]).unwrap();
            assert_eq!(ethernet.dst_addr(), EthernetAddress::BROADCAST);
            assert_eq!(ethernet.ethertype(), EthernetProtocol::Arp);
            let question = ArpPacket::new_checked(ethernet.payload()).unwrap();
            assert_eq!(question.operation(), ArpOperation::Request);
            assert_eq!(question.target_protocol_addr(), GUEST.octets());
            asked += 1;
        }
    }
    assert!((30..=41).contains(&asked), "{asked}");
    // It announces itself, and the connection goes on at once.
    network.from_guest(&who_has(GUEST, GUEST));
    network.poll(start + Duration::from_secs(41));
    let frame = network.to_guest().expect("a SYN");
    let ethernet = EthernetFrame::new_checked(&frame[..]).unwrap();
    assert_eq!(ethernet.dst_addr(), MAC);
    assert_eq!(ethernet.ethertype(), EthernetProtocol::Ipv4);
}
