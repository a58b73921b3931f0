//! Networking for the guest with no privileges: a small network of the guest's own, behind which
//! are the host's sockets.
//!
//! | address | |
//! |---|---|
//! | 10.0.2.15 | the guest, by DHCP |
//! | 10.0.2.2 | the router; and the host's loopback interface |
//! | 10.0.2.3 | the name server; asks the host's |
//!
//! What the guest sends is looked at here and carried on by sockets: each connection of TCP and
//! each pair of ends of UDP has one. The state machines of TCP are smoltcp's. The host's
//! monotonic clock drives them, since the other end is the host's.
//!
//! Everything is bounded, whatever the guest sends: connections, what waits in them, frames.

use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    Icmpv4DstUnreachable, IpProtocol, Ipv4Packet, Ipv4Repr, TcpPacket, UdpPacket, UdpRepr,
};

mod address;
mod config;
mod device;
mod dhcp;
mod resolver;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod wire;

pub use address::{GATEWAY, GUEST, MTU, NAME_SERVER, NETMASK};
pub use config::{
    DEFAULT_MAC, Forward, MAX_FORWARDS, NetSpec, NetSpecError, NetworkConfig, Protocol,
};
pub use device::Net;
pub use resolver::Resolver;

use address::{Destination, Ends, destination, is_guest};

/// The host's sockets are looked at this often at most, unless the guest has sent something.
const PAUSE: Duration = Duration::from_micros(50);

/// Why there can be no network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A port of the host's cannot be forwarded.
    #[error("hostfwd={forward}: cannot listen on {}: {error}", forward.host)]
    Listen {
        /// What was to be forwarded.
        forward: Forward,
        /// Why not.
        error: io::Error,
    },
}

/// The network that the guest is on.
pub struct UserNetwork {
    wire: wire::Wire,
    connections: tcp::Connections,
    flows: udp::Flows,
    listeners: Vec<(TcpListener, SocketAddrV4)>,
    resolver: Resolver,
    restrict: bool,
    now: Instant,
    polled: Option<Instant>,
    /// The guest has sent something since the host's sockets were last looked at.
    urgent: bool,
}

/// What a socket of the host's is ready for.
enum Ready {
    Listener(usize),
    Connection(Ends),
    Datagram(udp::Readable),
}

impl UserNetwork {
    /// A network; the ports that it forwards are open from now on.
    pub fn new(config: &NetworkConfig) -> Result<Self, NetworkError> {
        let now = Instant::now();
        // Sequence numbers and the like must not be guessed by others on the host.
        let seed = std::hash::RandomState::new().build_hasher().finish();
        let mut network = Self {
            wire: wire::Wire::new(now, seed),
            connections: tcp::Connections::default(),
            flows: udp::Flows::default(),
            listeners: Vec::new(),
            resolver: config.resolver,
            restrict: config.restrict,
            now,
            polled: None,
            urgent: false,
        };
        for forward in &config.forwards {
            network
                .listen(forward)
                .map_err(|error| NetworkError::Listen {
                    forward: *forward,
                    error,
                })?;
        }
        Ok(network)
    }

    fn listen(&mut self, forward: &Forward) -> io::Result<()> {
        match forward.protocol {
            Protocol::Tcp => {
                let listener = TcpListener::bind(forward.host)?;
                listener.set_nonblocking(true)?;
                self.listeners.push((listener, forward.guest));
            }
            Protocol::Udp => {
                let socket = UdpSocket::bind(forward.host)?;
                socket.set_nonblocking(true)?;
                self.flows.add_forward(socket, forward.guest);
            }
        }
        Ok(())
    }

    /// The host's addresses whose ports lead to the guest: those of TCP, then those of UDP.
    pub fn forwarded(&self) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter();
        let tcp = listeners.filter_map(|(listener, _)| listener.local_addr().ok());
        tcp.chain(self.flows.forward_addresses()).collect()
    }

    /// Takes a frame from the guest. Nothing that it may hold does any harm.
    pub fn from_guest(&mut self, frame: &[u8]) {
        // What cannot be understood is dropped, as on any wire.
        let _ = self.take(frame);
    }

    /// The next frame for the guest.
    pub fn to_guest(&mut self) -> Option<Vec<u8>> {
        self.wire.pop()
    }

    /// Whether a frame for the guest is there.
    pub fn has_frame(&self) -> bool {
        self.wire.has_frame()
    }

    /// Does what the host's sockets are ready for, and what is due.
    pub fn poll(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        let early = self.polled.is_some_and(|polled| now < polled + PAUSE);
        if early && !self.urgent {
            return;
        }
        self.polled = Some(now);
        self.urgent = false;
        if self.wire.has_room() {
            for ready in self.ready() {
                match ready {
                    Ready::Listener(index) => self.accept(index),
                    Ready::Connection(ends) => self.connections.ready(&ends, &mut self.wire, now),
                    Ready::Datagram(which) => self.flows.ready(which, &mut self.wire, now),
                }
            }
        }
        self.connections.work(&mut self.wire, now);
        self.flows.work(now);
    }

    /// Whether something may come from the host at any moment: connections are open, an answer
    /// is expected, or a port is forwarded.
    pub fn busy(&self) -> bool {
        !self.listeners.is_empty() || self.connections.busy() || self.flows.busy()
    }

    /// How many connections and pairs of ends of UDP there are.
    pub fn open(&self) -> (usize, usize) {
        (self.connections.len(), self.flows.len())
    }

    /// Forgets the guest: its connections are closed, what waits for it is dropped. The
    /// forwarded ports stay.
    pub fn reset(&mut self) {
        self.connections = tcp::Connections::default();
        self.flows.clear();
        self.wire.reset();
    }

    /// What the host's sockets are ready for.
    fn ready(&self) -> Vec<Ready> {
        let room = self.connections.has_room();
        let listeners = self.listeners.iter().enumerate().filter(|_| room);
        let mut which = Vec::new();
        let mut sockets = Vec::new();
        for (index, (listener, _)) in listeners {
            which.push(Ready::Listener(index));
            sockets.push(PollFd::new(listener, PollFlags::IN));
        }
        for (ends, socket) in self.connections.interests() {
            which.push(Ready::Connection(ends));
            sockets.push(socket);
        }
        for (readable, socket) in self.flows.interests() {
            which.push(Ready::Datagram(readable));
            sockets.push(socket);
        }
        if sockets.is_empty() {
            return which;
        }
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // An error means an interrupted call: they are looked at again soon.
        if rustix::event::poll(&mut sockets, Some(&at_once)).is_err() {
            return Vec::new();
        }
        let ready = which.into_iter().zip(&sockets);
        ready
            .filter(|(_, socket)| !socket.revents().is_empty())
            .map(|(which, _)| which)
            .collect()
    }

    fn accept(&mut self, index: usize) {
        while self.connections.has_room() {
            let (listener, guest) = &self.listeners[index];
            let Ok((stream, client)) = listener.accept() else {
                return;
            };
            let guest = *guest;
            self.connections
                .forward(stream, client, guest, &mut self.wire, self.now);
        }
    }

    fn take(&mut self, frame: &[u8]) -> smoltcp::wire::Result<()> {
        if frame.len() > address::MAX_FRAME {
            return Ok(());
        }
        let ethernet = EthernetFrame::new_checked(frame)?;
        // What is for some other machine is not for the router.
        let to = ethernet.dst_addr();
        if !ethernet.src_addr().is_unicast() || to.is_unicast() && to != address::ETHERNET {
            return Ok(());
        }
        match ethernet.ethertype() {
            EthernetProtocol::Arp => self.take_arp(&ethernet),
            EthernetProtocol::Ipv4 => self.take_ip(frame, &ethernet),
            _ => Ok(()),
        }
    }

    fn take_arp(&mut self, ethernet: &EthernetFrame<&[u8]>) -> smoltcp::wire::Result<()> {
        let ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            source_protocol_addr,
            target_protocol_addr,
            ..
        } = ArpRepr::parse(&ArpPacket::new_checked(ethernet.payload())?)?
        else {
            return Ok(());
        };
        if !is_guest(source_protocol_addr) || source_hardware_addr != ethernet.src_addr() {
            return Ok(());
        }
        self.learn(source_protocol_addr, source_hardware_addr);
        let ours = [GATEWAY, NAME_SERVER].contains(&target_protocol_addr);
        if ours && operation == ArpOperation::Request {
            let to = (source_protocol_addr, source_hardware_addr);
            self.wire.answer_arp(target_protocol_addr, to);
        }
        Ok(())
    }

    /// Notes which Ethernet address the guest's address belongs to. What waited for that goes on.
    fn learn(&mut self, address: Ipv4Addr, ethernet: EthernetAddress) {
        if self.wire.learn(address, ethernet) {
            self.connections.wake();
            self.urgent = true;
        }
    }

    fn take_ip(
        &mut self,
        frame: &[u8],
        ethernet: &EthernetFrame<&[u8]>,
    ) -> smoltcp::wire::Result<()> {
        let packet = Ipv4Packet::new_checked(ethernet.payload())?;
        let header = Ipv4Repr::parse(&packet, &ChecksumCapabilities::default())?;
        // Pieces of a packet are dropped: TCP sends none, and datagrams that need them are rare.
        if packet.more_frags() || packet.frag_offset() != 0 {
            return Ok(());
        }
        let to_everybody = header.dst_addr == Ipv4Addr::BROADCAST;
        if header.next_header == IpProtocol::Udp && (to_everybody || header.dst_addr == GATEWAY) {
            let datagram = UdpPacket::new_checked(packet.payload())?;
            if datagram.dst_port() == dhcp::SERVER_PORT {
                return self.take_dhcp(&header, &datagram, ethernet);
            }
        }
        let to = destination(header.dst_addr);
        if !is_guest(header.src_addr) || to == Destination::Nobody {
            return Ok(());
        }
        self.learn(header.src_addr, ethernet.src_addr());
        self.urgent = true;
        match header.next_header {
            IpProtocol::Tcp => self.take_segment(frame, &header, packet.payload()),
            IpProtocol::Udp => self.take_datagram(&header, packet.payload()),
            // Echoes of the router and the name server; others would need privileges.
            IpProtocol::Icmp if to != Destination::Outside => {
                self.wire.answer(frame, self.now);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_dhcp(
        &mut self,
        header: &Ipv4Repr,
        datagram: &UdpPacket<&[u8]>,
        ethernet: &EthernetFrame<&[u8]>,
    ) -> smoltcp::wire::Result<()> {
        let (from, to) = (header.src_addr.into(), header.dst_addr.into());
        UdpRepr::parse(datagram, &from, &to, &ChecksumCapabilities::default())?;
        if let Some(answer) = dhcp::answer(datagram.payload(), !self.restrict) {
            let from = SocketAddrV4::new(GATEWAY, dhcp::SERVER_PORT);
            let to = SocketAddrV4::new(answer.to, dhcp::CLIENT_PORT);
            let ethernet = Some(ethernet.src_addr());
            self.wire.send_datagram(from, to, ethernet, &answer.message);
        }
        Ok(())
    }

    fn take_segment(
        &mut self,
        frame: &[u8],
        header: &Ipv4Repr,
        payload: &[u8],
    ) -> smoltcp::wire::Result<()> {
        let segment = TcpPacket::new_checked(payload)?;
        let ends = Ends {
            guest: SocketAddrV4::new(header.src_addr, segment.src_port()),
            remote: SocketAddrV4::new(header.dst_addr, segment.dst_port()),
        };
        let opens = segment.syn() && !segment.ack() && !segment.rst() && !segment.fin();
        let (wire, now) = (&mut self.wire, self.now);
        if self.connections.segment(&ends, frame, opens, wire, now) {
            return Ok(());
        }
        if opens
            && let Some(to) = self.for_host(ends.remote)
            && self.connections.open(ends, to, frame, self.now) == tcp::Opened::Yes
        {
            return Ok(());
        }
        // With no connection to belong to, it is answered with a reset.
        self.wire.answer(frame, self.now);
        Ok(())
    }

    fn take_datagram(&mut self, header: &Ipv4Repr, payload: &[u8]) -> smoltcp::wire::Result<()> {
        let datagram = UdpPacket::new_checked(payload)?;
        let (from, to) = (header.src_addr.into(), header.dst_addr.into());
        let checksums = ChecksumCapabilities::default();
        let ports = UdpRepr::parse(&datagram, &from, &to, &checksums)?;
        let ends = Ends {
            guest: SocketAddrV4::new(header.src_addr, ports.src_port),
            remote: SocketAddrV4::new(header.dst_addr, ports.dst_port),
        };
        if self.restrict && !self.flows.is_forwarded(&ends) && *ends.remote.ip() != NAME_SERVER {
            let reason = Icmpv4DstUnreachable::CommProhibited;
            self.wire.send_unreachable(reason, ends.guest, ends.remote);
            return Ok(());
        }
        let to = self.for_host(ends.remote);
        let (wire, now) = (&mut self.wire, self.now);
        self.flows.pass_on(ends, to, datagram.payload(), wire, now);
        Ok(())
    }

    /// Where the guest's partner is for the host, if the guest may reach it.
    fn for_host(&self, remote: SocketAddrV4) -> Option<SocketAddr> {
        if self.restrict {
            return None;
        }
        match destination(*remote.ip()) {
            Destination::Host => Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, remote.port()).into()),
            Destination::NameServer if remote.port() == resolver::PORT => self.resolver.server(),
            Destination::Outside => Some(remote.into()),
            Destination::NameServer | Destination::Nobody => None,
        }
    }
}
