//! Connections: on one side smoltcp's, with the guest; on the other a socket of the host's.
//!
//! A connection that the guest opens is first opened on the host's side. Only when that has been
//! accepted is the guest's SYN answered; so the guest is refused what the host is refused.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};

use super::address::{Ends, GATEWAY};
use super::wire::Wire;

/// As many connections can be at most.
pub(super) const MAX_CONNECTIONS: usize = 256;
/// What waits in a connection for the guest at most.
const SEND_BUFFER: usize = 128 << 10;
/// What waits in a connection for the host at most. A window field can say this much without
/// scaling (RFC 9293, 3.1), so no more is ever taken than a guest can be told there is room for.
const RECEIVE_BUFFER: usize = u16::MAX as usize;
/// How often all connections are looked at for timers that have run out. The shortest timer of
/// smoltcp's is many times longer.
const TIMERS: Duration = Duration::from_millis(10);
/// For how long a peer may leave a connection half open, in which nothing can be sent.
const HANDSHAKE: Duration = Duration::from_secs(60);
/// For how long a connection that has ended is remembered, in case its last packet was lost.
const LINGER: Duration = Duration::from_secs(1);

/// The host's side.
enum Host {
    /// The host tries to connect; the guest's SYN waits.
    Connecting { stream: TcpStream, syn: Vec<u8> },
    /// The host is connected.
    Open(TcpStream),
    /// The host's side is closed.
    Closed,
}

struct Connection {
    host: Host,
    sockets: SocketSet<'static>,
    handle: Option<SocketHandle>,
    /// The host sends no more.
    host_finished: bool,
    /// The guest has said that it sends no more.
    guest_finished: bool,
    /// ... and the host has been told.
    told_host: bool,
    /// The host takes no more at present.
    blocked: bool,
    /// There may be a packet to send.
    active: bool,
    /// When it is given up, or forgotten.
    deadline: Option<Instant>,
}

/// All connections.
#[derive(Default)]
pub(super) struct Connections {
    connections: BTreeMap<Ends, Connection>,
    /// Who sends first in the next round.
    first: Option<Ends>,
    /// When timers were last looked at.
    looked: Option<Instant>,
}

/// What became of a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// It will be answered.
    Yes,
    /// It is to be refused.
    Refused,
}

impl Connections {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether something may come from the host.
    pub(super) fn busy(&self) -> bool {
        let connections = self.connections.values();
        connections
            .map(|c| &c.host)
            .any(|host| !matches!(host, Host::Closed))
    }

    /// Whether another one can be.
    pub(super) fn has_room(&self) -> bool {
        self.len() < MAX_CONNECTIONS
    }

    /// Takes a segment of the guest's for a connection that is; false if there is none.
    pub(super) fn segment(
        &mut self,
        ends: &Ends,
        frame: &[u8],
        opens: bool,
        wire: &mut Wire,
        now: Instant,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(ends) else {
            return false;
        };
        if matches!(connection.host, Host::Connecting { .. }) {
            // The guest repeats its SYN, which waits. Anything else has no meaning yet, but for
            // a reset: the guest has given up.
            if !opens && is_reset(frame) {
                self.connections.remove(ends);
            }
            return true;
        }
        if opens && connection.is_over() {
            self.connections.remove(ends);
            return false;
        }
        wire.process(frame, &mut connection.sockets, now);
        connection.active = true;
        connection.note_state();
        true
    }

    /// Begins to connect because the guest asks for it with this frame.
    pub(super) fn open(&mut self, ends: Ends, to: SocketAddr, syn: &[u8], now: Instant) -> Opened {
        if !self.has_room() {
            log::warn!(
                target: crate::trace::DEV_NET,
                "the guest has {MAX_CONNECTIONS} connections, the one to {to} is refused"
            );
            return Opened::Refused;
        }
        match connect(to) {
            Ok(stream) => {
                let mut connection = Connection::new(Host::Connecting {
                    stream,
                    syn: syn.to_vec(),
                });
                connection.deadline = Some(now + HANDSHAKE * 2);
                self.connections.insert(ends, connection);
                Opened::Yes
            }
            Err(error) => {
                log::debug!(target: crate::trace::DEV_NET, "no connection to {to}: {error}");
                Opened::Refused
            }
        }
    }

    /// Connects to the guest for a client of the host's.
    pub(super) fn forward(
        &mut self,
        stream: TcpStream,
        client: SocketAddr,
        guest: SocketAddrV4,
        wire: &mut Wire,
        now: Instant,
    ) {
        let Some(remote) = free_port(client.port(), |remote| {
            self.connections.contains_key(&Ends { guest, remote })
        }) else {
            return;
        };
        let mut connection = Connection::new(Host::Closed);
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        let _ = stream.set_nodelay(true);
        let mut socket = new_socket();
        let local = (*remote.ip(), remote.port());
        let peer = (*guest.ip(), guest.port());
        if socket.connect(wire.context(), peer, local).is_err() {
            return;
        }
        connection.host = Host::Open(stream);
        connection.handle = Some(connection.sockets.add(socket));
        connection.deadline = Some(now + HANDSHAKE);
        connection.active = true;
        self.connections.insert(Ends { guest, remote }, connection);
    }

    /// The sockets to look at, and what for.
    pub(super) fn interests(&self) -> impl Iterator<Item = (Ends, PollFd<'_>)> {
        self.connections.iter().filter_map(|(ends, connection)| {
            let (stream, flags) = match &connection.host {
                Host::Connecting { stream, .. } => (stream, PollFlags::OUT),
                Host::Open(stream) => (stream, connection.interest()?),
                Host::Closed => return None,
            };
            Some((*ends, PollFd::new(stream, flags)))
        })
    }

    /// Does what has become possible on the host's side.
    pub(super) fn ready(&mut self, ends: &Ends, wire: &mut Wire, now: Instant) {
        let Some(connection) = self.connections.get_mut(ends) else {
            return;
        };
        connection.blocked = false;
        let host = std::mem::replace(&mut connection.host, Host::Closed);
        let Host::Connecting { stream, syn } = host else {
            connection.host = host;
            connection.read_host();
            return;
        };
        if let Err(error) | Ok(Some(error)) = stream.take_error() {
            log::debug!(
                target: crate::trace::DEV_NET,
                "no connection to {}: {error}", ends.remote
            );
            self.connections.remove(ends);
            wire.answer(&syn, now);
            return;
        }
        let _ = stream.set_nodelay(true);
        let mut socket = new_socket();
        // It cannot fail: the socket is new and the port is not zero.
        let _ = socket.listen((*ends.remote.ip(), ends.remote.port()));
        connection.handle = Some(connection.sockets.add(socket));
        connection.host = Host::Open(stream);
        connection.deadline = Some(now + HANDSHAKE);
        connection.active = true;
        wire.process(&syn, &mut connection.sockets, now);
    }

    /// Moves what the guest has sent to the host, sends what there is for the guest, and
    /// forgets what has ended.
    pub(super) fn work(&mut self, wire: &mut Wire, now: Instant) {
        if self.looked.is_none_or(|looked| looked + TIMERS <= now) {
            self.looked = Some(now);
            self.wake();
        }
        for connection in self.connections.values_mut() {
            connection.write_host();
            connection.end(now);
        }
        self.send(wire, now);
        self.connections
            .retain(|_, connection| !connection.is_gone(now));
    }

    /// Everything is looked at again: an Ethernet address has become known, or a timer may have
    /// run out.
    pub(super) fn wake(&mut self) {
        for connection in self.connections.values_mut() {
            connection.active = true;
        }
    }

    /// Each connection sends one packet a round, as long as there is room.
    fn send(&mut self, wire: &mut Wire, now: Instant) {
        let all = self.connections.iter_mut();
        let mut active: Vec<_> = all.filter(|(_, c)| c.active).collect();
        if let Some(first) = self.first {
            let start = active.partition_point(|(ends, _)| **ends < first);
            active.rotate_left(start);
        }
        while wire.has_room() && !active.is_empty() {
            active.retain_mut(|(ends, connection)| {
                // To a guest that has not been heard of nothing is sent but a question.
                connection.active =
                    wire.finds(*ends.guest.ip(), now) && wire.send(&mut connection.sockets, now);
                connection.active
            });
        }
        self.first = active.first().map(|(ends, _)| **ends);
    }
}

impl Connection {
    fn new(host: Host) -> Self {
        Self {
            host,
            sockets: SocketSet::new(Vec::new()),
            handle: None,
            host_finished: false,
            guest_finished: false,
            told_host: false,
            blocked: false,
            active: false,
            deadline: None,
        }
    }

    fn socket(&mut self) -> Option<&mut Socket<'static>> {
        Some(self.sockets.get_mut(self.handle?))
    }

    fn state(&self) -> Option<State> {
        Some(self.sockets.get::<Socket>(self.handle?).state())
    }

    /// What to look at the host's socket for.
    fn interest(&self) -> Option<PollFlags> {
        let socket = self.sockets.get::<Socket>(self.handle?);
        let mut flags = PollFlags::empty();
        if !self.host_finished && socket.can_send() {
            flags |= PollFlags::IN;
        }
        if self.blocked {
            flags |= PollFlags::OUT;
        }
        (!flags.is_empty()).then_some(flags)
    }

    /// Whether the guest's side has ended, so that the same ends may be used again.
    fn is_over(&self) -> bool {
        matches!(
            self.state(),
            Some(State::Closed | State::Listen | State::TimeWait)
        )
    }

    /// Notes what the guest's last segment has changed.
    fn note_state(&mut self) {
        let finished = [
            State::CloseWait,
            State::LastAck,
            State::Closing,
            State::TimeWait,
        ];
        if self.state().is_some_and(|state| finished.contains(&state)) {
            self.guest_finished = true;
        }
        if let Some(state) = self.state()
            && !matches!(state, State::SynSent | State::SynReceived | State::Listen)
            && self.is_half_open()
        {
            self.deadline = None;
        }
    }

    /// Whether the deadline is the handshake's.
    fn is_half_open(&self) -> bool {
        self.deadline.is_some() && !matches!(self.host, Host::Closed)
    }

    /// Moves data from the host to the guest.
    fn read_host(&mut self) {
        let Host::Open(stream) = &self.host else {
            return;
        };
        let Some(handle) = self.handle else {
            return;
        };
        let socket = self.sockets.get_mut::<Socket>(handle);
        while !self.host_finished && socket.can_send() {
            let read = socket.send(|room| match (&mut &*stream).read(room) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            self.active = true;
            match read {
                Ok(Ok(0)) => {
                    self.host_finished = true;
                    socket.close();
                }
                Ok(Ok(_)) => {}
                Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(Err(_)) | Err(_) => {
                    socket.abort();
                    return;
                }
            }
        }
    }

    /// Moves data from the guest to the host.
    fn write_host(&mut self) {
        let Host::Open(stream) = &self.host else {
            return;
        };
        let Some(handle) = self.handle else {
            return;
        };
        let socket = self.sockets.get_mut::<Socket>(handle);
        while !self.blocked && socket.can_recv() {
            let written = socket.recv(|data| match (&mut &*stream).write(data) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            match written {
                // The window has opened, and the guest may have to be told.
                Ok(Ok(count)) if count > 0 => self.active = true,
                Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                _ => {
                    socket.abort();
                    self.active = true;
                    return;
                }
            }
        }
        if self.guest_finished && !self.told_host && socket.recv_queue() == 0 {
            self.told_host = true;
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
    }

    /// Closes the host's side when the guest's has ended.
    fn end(&mut self, now: Instant) {
        if let Some(deadline) = self.deadline
            && deadline <= now
            && !matches!(self.host, Host::Closed)
            && let Some(socket) = self.socket()
        {
            // The guest does not answer.
            socket.abort();
            self.active = true;
        }
        let Some(state) = self.state() else {
            return;
        };
        let orderly = self.host_finished && self.guest_finished;
        let ended = matches!(state, State::TimeWait | State::Closed | State::Listen);
        if !ended || matches!(self.host, Host::Closed) || orderly && !self.told_host {
            return;
        }
        if !orderly && let Host::Open(stream) = &self.host {
            // The guest has reset it, and so is the host's side.
            let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
        }
        self.host = Host::Closed;
        self.deadline = Some(now + LINGER);
    }

    /// Whether nothing is left to do.
    fn is_gone(&self, now: Instant) -> bool {
        let passed = self.deadline.is_some_and(|deadline| deadline <= now);
        if !matches!(self.host, Host::Closed) {
            return passed && self.handle.is_none();
        }
        // A socket that was reset still has to say so, and then forgets its peer.
        let silent = self.handle.is_none_or(|handle| {
            let socket = self.sockets.get::<Socket>(handle);
            let over = matches!(socket.state(), State::Closed | State::Listen);
            over && socket.remote_endpoint().is_none()
        });
        silent || passed
    }
}

fn new_socket() -> Socket<'static> {
    let buffer = |size| SocketBuffer::new(vec![0; size]);
    let mut socket = Socket::new(buffer(RECEIVE_BUFFER), buffer(SEND_BUFFER));
    // The host's own stack gathers small writes; here they go on at once.
    socket.set_nagle_enabled(false);
    socket.set_ack_delay(None);
    socket
}

/// Begins to connect, without waiting.
fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketType};
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(true)?;
    match rustix::net::connect(&stream, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(stream),
        Err(error) => Err(error.into()),
    }
}

/// The end that a client of the host's has for the guest: the router, with the client's port,
/// or the next one that is free.
pub(super) fn free_port(
    wanted: u16,
    mut is_taken: impl FnMut(SocketAddrV4) -> bool,
) -> Option<SocketAddrV4> {
    let ports = (wanted.max(1)..=u16::MAX).chain(1024..wanted.max(1024));
    let mut ends = ports.map(|port| SocketAddrV4::new(GATEWAY, port));
    ends.find(|end| !is_taken(*end))
}

/// Whether a frame, whose headers have been looked at, holds a reset.
fn is_reset(frame: &[u8]) -> bool {
    use smoltcp::wire::{EthernetFrame, Ipv4Packet, TcpPacket};
    let reset = || {
        let ethernet = EthernetFrame::new_checked(frame).ok()?;
        let packet = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
        let segment = TcpPacket::new_checked(packet.payload()).ok()?;
        Some(segment.rst())
    };
    reset().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_port_is_kept_if_it_is_free() {
        let end = |port| SocketAddrV4::new(GATEWAY, port);
        assert_eq!(free_port(4000, |_| false), Some(end(4000)));
        assert_eq!(free_port(4000, |taken| taken == end(4000)), Some(end(4001)));
        assert_eq!(
            free_port(u16::MAX, |taken| taken == end(u16::MAX)),
            Some(end(1024))
        );
        assert_eq!(free_port(4000, |_| true), None);
        assert_eq!(free_port(0, |_| false), Some(end(1)));
        assert_eq!(*free_port(80, |_| false).unwrap().ip(), GATEWAY);
    }
}
