//! Datagrams: a socket of the host's for each pair of ends that the guest uses.
//!
//! The host's socket is connected, so that nobody but the guest's own partner can answer.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use smoltcp::wire::Icmpv4DstUnreachable;

use super::address::Ends;
use super::resolver;
use super::tcp::free_port;
use super::wire::Wire;

/// As many pairs of ends can be at most; then the one that has been quiet longest is forgotten.
pub(super) const MAX_FLOWS: usize = 256;
/// When a pair is forgotten that nothing is sent between.
const QUIET: Duration = Duration::from_secs(60);
/// For how long an answer is expected.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many datagrams are taken from one socket at a time.
const BATCH: usize = 16;
/// The largest datagram.
const MAX_DATAGRAM: usize = 65_507;

/// The host's side of a pair of ends.
enum Host {
    /// A socket for this pair alone.
    Own(UdpSocket),
    /// A client of a forwarded port.
    Client { forward: usize, client: SocketAddr },
}

struct Flow {
    host: Host,
    /// When something was last sent, either way.
    used: Instant,
    /// Until when an answer is expected.
    expects_until: Option<Instant>,
    /// How many questions are open, and the last of them; for the name server.
    questions: usize,
    question: Vec<u8>,
}

/// A port of the host's that leads to the guest.
pub(super) struct ForwardedPort {
    socket: UdpSocket,
    guest: SocketAddrV4,
}

/// All pairs of ends.
#[derive(Default)]
pub(super) struct Flows {
    flows: BTreeMap<Ends, Flow>,
    forwards: Vec<ForwardedPort>,
    /// Where a datagram is put that is on its way to the guest; kept for the next one.
    buffer: Vec<u8>,
}

/// A socket with something to read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Readable {
    /// That of a pair of ends.
    Flow(Ends),
    /// A forwarded port.
    Forward(usize),
}

impl Flows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether something may come from the host soon.
    pub(super) fn busy(&self) -> bool {
        !self.forwards.is_empty() || self.flows.values().any(|flow| flow.expects_until.is_some())
    }

    /// Leads a port of the host's to the guest.
    pub(super) fn add_forward(&mut self, socket: UdpSocket, guest: SocketAddrV4) {
        self.forwards.push(ForwardedPort { socket, guest });
    }

    /// Where the forwarded ports are.
    pub(super) fn forward_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let forwards = self.forwards.iter();
        forwards.filter_map(|forward| forward.socket.local_addr().ok())
    }

    /// Forgets all of them but the forwarded ports.
    pub(super) fn clear(&mut self) {
        self.flows.clear();
    }

    /// Whether the guest answers a client of a forwarded port with this.
    pub(super) fn is_forwarded(&self, ends: &Ends) -> bool {
        let flow = self.flows.get(ends);
        flow.is_some_and(|flow| matches!(flow.host, Host::Client { .. }))
    }

    /// Sends a datagram of the guest's on; `to` is where its destination is for the host.
    pub(super) fn pass_on(
        &mut self,
        ends: Ends,
        to: Option<SocketAddr>,
        payload: &[u8],
        wire: &mut Wire,
        now: Instant,
    ) {
        if !self.flows.contains_key(&ends) {
            let Some(to) = to else {
                return refuse(&ends, payload, wire);
            };
            match connect(to) {
                Ok(socket) => self.insert(ends, Host::Own(socket), now),
                Err(error) => {
                    log::debug!(target: crate::trace::DEV_NET, "no datagrams to {to}: {error}");
                    return refuse(&ends, payload, wire);
                }
            }
        }
        let Some(flow) = self.flows.get_mut(&ends) else {
            return;
        };
        flow.used = now;
        let sent = match &flow.host {
            Host::Own(socket) => {
                flow.expects_until = Some(now + PATIENCE);
                if is_question(&ends) {
                    flow.questions += 1;
                    flow.question = payload.to_vec();
                }
                socket.send(payload)
            }
            Host::Client { forward, client } => match self.forwards.get(*forward) {
                Some(forward) => forward.socket.send_to(payload, *client),
                None => return,
            },
        };
        if let Err(error) = sent
            && error.kind() == ErrorKind::ConnectionRefused
        {
            self.refused(&ends, wire);
        }
    }

    /// The sockets to look at.
    pub(super) fn interests(&self) -> impl Iterator<Item = (Readable, PollFd<'_>)> {
        let flows = self
            .flows
            .iter()
            .filter_map(|(ends, flow)| match &flow.host {
                Host::Own(socket) => {
                    Some((Readable::Flow(*ends), PollFd::new(socket, PollFlags::IN)))
                }
                Host::Client { .. } => None,
            });
        let forwards = self.forwards.iter().enumerate().map(|(index, forward)| {
            (
                Readable::Forward(index),
                PollFd::new(&forward.socket, PollFlags::IN),
            )
        });
        flows.chain(forwards)
    }

    /// Takes what has come from the host.
    pub(super) fn ready(&mut self, which: Readable, wire: &mut Wire, now: Instant) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(MAX_DATAGRAM, 0);
        // What does not fit waits in the host's socket, which drops what is too much.
        for _ in 0..BATCH {
            let more = wire.has_room()
                && match which {
                    Readable::Flow(ends) => self.receive(&ends, &mut buffer, wire, now),
                    Readable::Forward(index) => self.receive_client(index, &mut buffer, wire, now),
                };
            if !more {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Forgets what has been quiet for long.
    pub(super) fn work(&mut self, now: Instant) {
        self.flows.retain(|_, flow| now < flow.used + QUIET);
        for flow in self.flows.values_mut() {
            if flow.expects_until.is_some_and(|until| until <= now) {
                flow.expects_until = None;
                flow.questions = 0;
            }
        }
    }

    fn insert(&mut self, ends: Ends, host: Host, now: Instant) {
        if self.flows.len() >= MAX_FLOWS {
            let oldest = self.flows.iter().min_by_key(|(_, flow)| flow.used);
            if let Some(ends) = oldest.map(|(ends, _)| *ends) {
                self.flows.remove(&ends);
            }
        }
        let flow = Flow {
            host,
            used: now,
            expects_until: None,
            questions: 0,
            question: Vec::new(),
        };
        self.flows.insert(ends, flow);
    }

    /// Takes a datagram from the guest's partner; false if there was none.
    fn receive(&mut self, ends: &Ends, buffer: &mut [u8], wire: &mut Wire, now: Instant) -> bool {
        let Some(flow) = self.flows.get_mut(ends) else {
            return false;
        };
        let Host::Own(socket) = &flow.host else {
            return false;
        };
        match socket.recv(buffer) {
            Ok(count) => {
                flow.used = now;
                flow.questions = flow.questions.saturating_sub(1);
                if is_question(ends) && flow.questions == 0 {
                    flow.expects_until = None;
                }
                wire.send_datagram(ends.remote, ends.guest, None, &buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.refused(ends, wire);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes a datagram from a client of a forwarded port; false if there was none.
    fn receive_client(
        &mut self,
        index: usize,
        buffer: &mut [u8],
        wire: &mut Wire,
        now: Instant,
    ) -> bool {
        let Some(forward) = self.forwards.get(index) else {
            return false;
        };
        let (count, client) = match forward.socket.recv_from(buffer) {
            Ok(received) => received,
            Err(error) => return error.kind() == ErrorKind::ConnectionRefused,
        };
        let guest = forward.guest;
        let known = self.flows.iter().find(|(ends, flow)| {
            let same = matches!(flow.host, Host::Client { forward, client: other }
                if forward == index && other == client);
            same && ends.guest == guest
        });
        let ends = match known {
            Some((ends, _)) => *ends,
            None => {
                let remote = free_port(client.port(), |remote| {
                    self.flows.contains_key(&Ends { guest, remote })
                });
                let Some(remote) = remote else {
                    return true;
                };
                let ends = Ends { guest, remote };
                let forward = index;
                self.insert(ends, Host::Client { forward, client }, now);
                ends
            }
        };
        if let Some(flow) = self.flows.get_mut(&ends) {
            flow.used = now;
        }
        wire.send_datagram(ends.remote, ends.guest, None, &buffer[..count]);
        true
    }

    /// The partner's machine says that nobody is there.
    fn refused(&mut self, ends: &Ends, wire: &mut Wire) {
        if let Some(flow) = self.flows.remove(ends) {
            refuse(ends, &flow.question, wire);
        }
    }
}

/// Tells the guest that its datagram goes nowhere; a question for a name gets an answer.
pub(super) fn refuse(ends: &Ends, payload: &[u8], wire: &mut Wire) {
    if is_question(ends)
        && let Some(answer) = resolver::failure(payload)
    {
        wire.send_datagram(ends.remote, ends.guest, None, &answer);
        return;
    }
    let reason = Icmpv4DstUnreachable::PortUnreachable;
    wire.send_unreachable(reason, ends.guest, ends.remote);
}

/// Whether these are the ends of questions to the name server.
fn is_question(ends: &Ends) -> bool {
    *ends.remote.ip() == super::address::NAME_SERVER && ends.remote.port() == resolver::PORT
}

fn connect(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    socket.connect(to)?;
    Ok(socket)
}
