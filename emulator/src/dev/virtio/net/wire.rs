//! The wire between the guest's adapter and the network: frames of Ethernet, and the packets
//! in them that no connection of smoltcp makes.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, PollResult, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, DeviceCapabilities, Medium};
use smoltcp::time as tcp_time;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    EthernetRepr, HardwareAddress, Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, IpCidr,
    IpProtocol, Ipv4Packet, Ipv4Repr, UdpPacket, UdpRepr,
};

use super::address::{ETHERNET, GATEWAY, MTU, NAME_SERVER, PREFIX, is_guest};

/// As many frames may wait for the guest; then the host's data stay where they are.
pub(super) const SOFT_LIMIT: usize = 128;
/// Beyond this many nothing is put in the queue. Between the two limits is room for one segment
/// of each connection, so that none of them starves.
pub(super) const HARD_LIMIT: usize = 512;

/// smoltcp's clock goes this much slower than the host's. It sends again what is not
/// acknowledged after 10 ms of its time, too soon for a guest that an emulator runs. The wire
/// loses nothing, so sending again is all but never needed.
const SLOWER: u64 = 16;

/// What the time to live is in packets from outside.
const HOPS: u8 = 64;
/// The sizes of headers.
const ETHERNET_HEADER: usize = 14;
const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
/// A guest that has not been heard of is asked for this often at most (RFC 1122, 2.3.2.1).
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What is known of one of the guest's addresses.
#[derive(Clone, Copy, Default)]
struct Neighbour {
    ethernet: Option<EthernetAddress>,
    /// When it was last asked for.
    asked: Option<Instant>,
}

/// What is known of each address of the network, by its last byte. There is room for all, so
/// that none is forgotten because the guest uses others.
struct Neighbours([Neighbour; 256]);

impl Neighbours {
    fn of(&mut self, address: Ipv4Addr) -> Option<&mut Neighbour> {
        let index = usize::from(address.octets()[3]);
        is_guest(address).then(|| &mut self.0[index])
    }

    fn ethernet_of(&self, address: Ipv4Addr) -> Option<EthernetAddress> {
        let index = usize::from(address.octets()[3]);
        self.0[index].ethernet.filter(|_| is_guest(address))
    }
}

/// The two queues of the wire, as smoltcp uses them. It is given packets of IP and gives such;
/// the header of Ethernet is put before them here. So it has no table of neighbours of its own,
/// which is small and which a guest could fill.
struct Queues {
    /// The packet from the guest that is looked at now.
    arrived: Option<Vec<u8>>,
    /// What waits for the guest: frames.
    leaving: VecDeque<Vec<u8>>,
    neighbours: Neighbours,
}

impl Queues {
    /// Puts a frame in the queue that has all but its header.
    fn push_to(&mut self, to: EthernetAddress, ethertype: EthernetProtocol, mut frame: Vec<u8>) {
        EthernetRepr {
            src_addr: ETHERNET,
            dst_addr: to,
            ethertype,
        }
        .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
        self.push(frame);
    }

    fn push(&mut self, frame: Vec<u8>) {
        if self.leaving.len() < HARD_LIMIT {
            self.leaving.push_back(frame);
        }
    }
}

/// A packet from the guest.
struct Arrived(Vec<u8>);

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for a packet to the guest.
struct Leaving<'a>(&'a mut Queues);

impl phy::TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; ETHERNET_HEADER + length];
        let result = write(&mut frame[ETHERNET_HEADER..]);
        let packet = Ipv4Packet::new_checked(&frame[ETHERNET_HEADER..]);
        // What is answered has been heard of, and nothing else is sent to others.
        if let Ok(packet) = packet
            && let Some(to) = self.0.neighbours.ethernet_of(packet.dst_addr())
        {
            self.0.push_to(to, EthernetProtocol::Ipv4, frame);
        }
        result
    }
}

impl phy::Device for Queues {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: tcp_time::Instant) -> Option<(Arrived, Leaving<'_>)> {
        let packet = self.arrived.take()?;
        Some((Arrived(packet), Leaving(self)))
    }

    fn transmit(&mut self, _: tcp_time::Instant) -> Option<Leaving<'_>> {
        (self.leaving.len() < HARD_LIMIT).then_some(Leaving(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

/// The wire and the router's interface to it.
///
/// The interface is never asked when it next has something to do (`Interface::poll_at`): that
/// panics in smoltcp 0.12 if a connection has taken more than the window that it announced and
/// has not acknowledged it. Sending looks for what to acknowledge first, and so is safe.
pub(super) struct Wire {
    queues: Queues,
    interface: Interface,
    started: Instant,
    identification: u16,
}

impl Wire {
    pub(super) fn new(now: Instant, seed: u64) -> Self {
        let mut queues = Queues {
            arrived: None,
            leaving: VecDeque::new(),
            neighbours: Neighbours([Neighbour::default(); 256]),
        };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut queues, tcp_time::Instant::from_micros(0));
        interface.update_ip_addrs(|addresses| {
            for address in [GATEWAY, NAME_SERVER] {
                // There is room for two.
                let _ = addresses.push(IpCidr::new(address.into(), PREFIX));
            }
        });
        // Connections to any address end here: what goes by way of the router is ours.
        interface.set_any_ip(true);
        let _ = interface.routes_mut().add_default_ipv4_route(GATEWAY);
        Self {
            queues,
            interface,
            started: now,
            identification: 0,
        }
    }

    /// The host's time as smoltcp is told it.
    fn tcp_time(&self, now: Instant) -> tcp_time::Instant {
        let micros = now.saturating_duration_since(self.started).as_micros() as u64;
        tcp_time::Instant::from_micros((micros / SLOWER) as i64)
    }

    /// Forgets the guest and what waits for it.
    pub(super) fn reset(&mut self) {
        self.queues.leaving.clear();
        self.queues.neighbours.0.fill(Neighbour::default());
    }

    /// The next frame for the guest.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.queues.leaving.pop_front()
    }

    /// Whether a frame for the guest is there.
    pub(super) fn has_frame(&self) -> bool {
        !self.queues.leaving.is_empty()
    }

    /// Whether what the host has may be sent to the guest.
    pub(super) fn has_room(&self) -> bool {
        self.queues.leaving.len() < SOFT_LIMIT
    }

    /// Hands a frame of the guest to the interface and these connections.
    pub(super) fn process(&mut self, frame: &[u8], sockets: &mut SocketSet<'_>, now: Instant) {
        let now = self.tcp_time(now);
        self.queues.arrived = frame.get(ETHERNET_HEADER..).map(<[u8]>::to_vec);
        self.interface
            .poll_ingress_single(now, &mut self.queues, sockets);
        self.queues.arrived = None;
    }

    /// Hands a frame to the interface, which answers it for itself: with an echo, with a reset.
    pub(super) fn answer(&mut self, frame: &[u8], now: Instant) {
        self.process(frame, &mut SocketSet::new(Vec::new()), now);
    }

    /// Lets these connections send one packet each; false if they had none.
    pub(super) fn send(&mut self, sockets: &mut SocketSet<'_>, now: Instant) -> bool {
        let now = self.tcp_time(now);
        let result = self.interface.poll_egress(now, &mut self.queues, sockets);
        result == PollResult::SocketStateChanged
    }

    /// The interface's part in opening a connection.
    pub(super) fn context(&mut self) -> &mut smoltcp::iface::Context {
        self.interface.context()
    }

    /// Notes which Ethernet address the guest's address belongs to; true if that is new.
    pub(super) fn learn(&mut self, address: Ipv4Addr, ethernet: EthernetAddress) -> bool {
        let neighbour = self.queues.neighbours.of(address);
        neighbour.is_some_and(|neighbour| neighbour.ethernet.replace(ethernet) != Some(ethernet))
    }

    /// Whether it is known which Ethernet address the guest's address belongs to. If not, it is
    /// asked for (RFC 826).
    pub(super) fn finds(&mut self, address: Ipv4Addr, now: Instant) -> bool {
        let Some(neighbour) = self.queues.neighbours.of(address) else {
            return false;
        };
        if neighbour.ethernet.is_some() {
            return true;
        }
        if neighbour.asked.is_none_or(|asked| asked + ASK_AGAIN <= now) {
            neighbour.asked = Some(now);
            let nobody = EthernetAddress([0; 6]);
            self.send_arp(ArpOperation::Request, GATEWAY, (address, nobody));
        }
        false
    }

    /// Tells the guest that an address is the router's.
    pub(super) fn answer_arp(&mut self, address: Ipv4Addr, to: (Ipv4Addr, EthernetAddress)) {
        self.send_arp(ArpOperation::Reply, address, to);
    }

    fn send_arp(
        &mut self,
        operation: ArpOperation,
        from: Ipv4Addr,
        (address, ethernet): (Ipv4Addr, EthernetAddress),
    ) {
        let message = ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: ETHERNET,
            source_protocol_addr: from,
            target_hardware_addr: ethernet,
            target_protocol_addr: address,
        };
        let mut frame = vec![0; ETHERNET_HEADER + message.buffer_len()];
        message.emit(&mut ArpPacket::new_unchecked(&mut frame[ETHERNET_HEADER..]));
        let to = match operation {
            ArpOperation::Reply => ethernet,
            _ => EthernetAddress::BROADCAST,
        };
        self.queues.push_to(to, EthernetProtocol::Arp, frame);
    }

    /// Sends a packet of IP, in pieces if it is too long for one frame (RFC 791, 3.2).
    pub(super) fn send_ip(&mut self, to: EthernetAddress, mut header: Ipv4Repr, payload: &[u8]) {
        // The length field has 16 bits.
        if payload.len() + IP_HEADER > usize::from(u16::MAX) {
            return;
        }
        self.identification = self.identification.wrapping_add(1);
        // Offsets count in units of 8 bytes.
        let piece = (MTU - IP_HEADER) & !7;
        let fits = payload.len() + IP_HEADER <= MTU;
        let step = if fits { payload.len().max(1) } else { piece };
        let count = payload.len().div_ceil(step).max(1);
        for index in 0..count {
            let start = index * step;
            let data = &payload[start..payload.len().min(start + step)];
            header.payload_len = data.len();
            let mut frame = vec![0; ETHERNET_HEADER + IP_HEADER + data.len()];
            let mut packet = Ipv4Packet::new_unchecked(&mut frame[ETHERNET_HEADER..]);
            header.emit(&mut packet, &ChecksumCapabilities::default());
            if !fits {
                packet.set_ident(self.identification);
                packet.set_dont_frag(false);
                packet.set_more_frags(index + 1 < count);
                packet.set_frag_offset(start as u16);
                packet.fill_checksum();
            }
            packet.payload_mut().copy_from_slice(data);
            self.queues.push_to(to, EthernetProtocol::Ipv4, frame);
        }
    }

    /// Sends a datagram of UDP; `to` is an Ethernet address to use instead of the known one.
    /// Nothing is sent to an address that has not been heard of.
    pub(super) fn send_datagram(
        &mut self,
        from: SocketAddrV4,
        to: SocketAddrV4,
        ethernet: Option<EthernetAddress>,
        payload: &[u8],
    ) {
        let Some(ethernet) = ethernet.or_else(|| self.ethernet_of(*to.ip())) else {
            return;
        };
        if payload.len() + UDP_HEADER + IP_HEADER > usize::from(u16::MAX) {
            return;
        }
        let header = UdpRepr {
            src_port: from.port(),
            dst_port: to.port(),
        };
        let mut datagram = vec![0; UDP_HEADER + payload.len()];
        header.emit(
            &mut UdpPacket::new_unchecked(&mut datagram[..]),
            &(*from.ip()).into(),
            &(*to.ip()).into(),
            payload.len(),
            |buffer| buffer.copy_from_slice(payload),
            &ChecksumCapabilities::default(),
        );
        let header = ip_header(*from.ip(), *to.ip(), IpProtocol::Udp, datagram.len());
        self.send_ip(ethernet, header, &datagram);
    }

    /// Tells the guest that a datagram of its own cannot get there (RFC 792).
    pub(super) fn send_unreachable(
        &mut self,
        reason: Icmpv4DstUnreachable,
        from: SocketAddrV4,
        to: SocketAddrV4,
    ) {
        let Some(ethernet) = self.ethernet_of(*from.ip()) else {
            return;
        };
        // The first 8 bytes of what the guest sent: the ports are what it looks at.
        let mut start = [0; UDP_HEADER];
        let mut datagram = UdpPacket::new_unchecked(&mut start[..]);
        datagram.set_src_port(from.port());
        datagram.set_dst_port(to.port());
        datagram.set_len(UDP_HEADER as u16);
        let message = Icmpv4Repr::DstUnreachable {
            reason,
            header: ip_header(*from.ip(), *to.ip(), IpProtocol::Udp, UDP_HEADER),
            data: &start,
        };
        let mut payload = vec![0; message.buffer_len()];
        message.emit(
            &mut Icmpv4Packet::new_unchecked(&mut payload[..]),
            &ChecksumCapabilities::default(),
        );
        let header = ip_header(GATEWAY, *from.ip(), IpProtocol::Icmp, payload.len());
        self.send_ip(ethernet, header, &payload);
    }

    fn ethernet_of(&self, address: Ipv4Addr) -> Option<EthernetAddress> {
        self.queues.neighbours.ethernet_of(address)
    }
}

fn ip_header(from: Ipv4Addr, to: Ipv4Addr, protocol: IpProtocol, length: usize) -> Ipv4Repr {
    Ipv4Repr {
        src_addr: from,
        dst_addr: to,
        next_header: protocol,
        payload_len: length,
        hop_limit: HOPS,
    }
}
