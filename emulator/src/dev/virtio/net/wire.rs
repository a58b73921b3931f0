//! The wire between the guest's adapter and the network: frames of Ethernet, and the packets
//! in them that no connection of smoltcp makes.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use smoltcp::iface::{Config, Interface, PollResult, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, DeviceCapabilities, Medium};
use smoltcp::time as tcp_time;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4DstUnreachable,
    Icmpv4Packet, Icmpv4Repr, IpCidr, IpProtocol, Ipv4Packet, Ipv4Repr, UdpPacket, UdpRepr,
};

use super::address::{ETHERNET, GATEWAY, MAX_FRAME, MTU, NAME_SERVER, PREFIX};

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
/// As many of the guest's addresses are known at most.
const MAX_NEIGHBOURS: usize = 16;

/// The two queues of the wire, as smoltcp uses them.
struct Queues {
    /// The frame from the guest that is looked at now.
    arrived: Option<Vec<u8>>,
    /// What waits for the guest.
    leaving: VecDeque<Vec<u8>>,
}

impl Queues {
    fn push(&mut self, frame: Vec<u8>) {
        if self.leaving.len() < HARD_LIMIT {
            self.leaving.push_back(frame);
        }
    }
}

/// A frame from the guest.
struct Arrived(Vec<u8>);

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for a frame to the guest.
struct Leaving<'a>(&'a mut Queues);

impl phy::TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push(frame);
        result
    }
}

impl phy::Device for Queues {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: tcp_time::Instant) -> Option<(Arrived, Leaving<'_>)> {
        let frame = self.arrived.take()?;
        Some((Arrived(frame), Leaving(self)))
    }

    fn transmit(&mut self, _: tcp_time::Instant) -> Option<Leaving<'_>> {
        (self.leaving.len() < HARD_LIMIT).then_some(Leaving(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MAX_FRAME;
        capabilities
    }
}

/// The wire and the router's interface to it.
pub(super) struct Wire {
    queues: Queues,
    interface: Interface,
    started: Instant,
    neighbours: Vec<(Ipv4Addr, EthernetAddress)>,
    identification: u16,
}

impl Wire {
    pub(super) fn new(now: Instant, seed: u64) -> Self {
        let mut queues = Queues {
            arrived: None,
            leaving: VecDeque::new(),
        };
        let mut config = Config::new(ETHERNET.into());
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
            neighbours: Vec::new(),
            identification: 0,
        }
    }

    /// The host's time as smoltcp is told it.
    pub(super) fn tcp_time(&self, now: Instant) -> tcp_time::Instant {
        let micros = now.saturating_duration_since(self.started).as_micros() as u64;
        tcp_time::Instant::from_micros((micros / SLOWER) as i64)
    }

    /// The host's time when smoltcp's clock stands so.
    pub(super) fn host_time(&self, time: tcp_time::Instant) -> Instant {
        let micros = u64::try_from(time.total_micros()).unwrap_or(0);
        self.started + std::time::Duration::from_micros(micros.saturating_mul(SLOWER))
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
        self.queues.arrived = Some(frame.to_vec());
        self.interface
            .poll_ingress_single(now, &mut self.queues, sockets);
        self.queues.arrived = None;
    }

    /// Hands a frame to the interface, which answers it for itself: with its Ethernet address,
    /// with an echo, with a reset.
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

    /// When these connections have something to do by themselves.
    pub(super) fn alarm(&mut self, sockets: &SocketSet<'_>, now: Instant) -> Option<Instant> {
        let now = self.tcp_time(now);
        let time = self.interface.poll_at(now, sockets)?;
        Some(self.host_time(time))
    }

    /// Notes which Ethernet address the guest's address belongs to.
    pub(super) fn learn(&mut self, address: Ipv4Addr, ethernet: EthernetAddress) {
        if let Some(known) = self.neighbours.iter_mut().find(|known| known.0 == address) {
            known.1 = ethernet;
            return;
        }
        if self.neighbours.len() == MAX_NEIGHBOURS {
            self.neighbours.remove(0);
        }
        self.neighbours.push((address, ethernet));
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
            EthernetRepr {
                src_addr: ETHERNET,
                dst_addr: to,
                ethertype: EthernetProtocol::Ipv4,
            }
            .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
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
            self.queues.push(frame);
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
        let known = self.neighbours.iter().find(|known| known.0 == address)?;
        Some(known.1)
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
