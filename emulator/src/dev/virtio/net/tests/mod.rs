//! A guest for the tests: smoltcp again, as the other end of the wire.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::{AnySocket, tcp};
use smoltcp::time as tcp_time;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::{GATEWAY, GUEST, NetworkConfig, UserNetwork};

mod adapter;
mod datagrams;
mod hostile;
mod link;
mod streams;

const MAC: EthernetAddress = EthernetAddress(super::DEFAULT_MAC);

/// The guest's adapter.
#[derive(Default)]
struct Adapter {
    received: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Sending<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}

impl phy::Device for Adapter {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: tcp_time::Instant) -> Option<(Received, Sending<'_>)> {
        let frame = self.received.pop_front()?;
        Some((Received(frame), Sending(&mut self.sent)))
    }

    fn transmit(&mut self, _: tcp_time::Instant) -> Option<Sending<'_>> {
        Some(Sending(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = super::address::MAX_FRAME;
        capabilities
    }
}

struct Guest {
    network: UserNetwork,
    adapter: Adapter,
    interface: Interface,
    sockets: SocketSet<'static>,
    started: Instant,
    /// How much the network's clock is ahead of the host's.
    ahead: Duration,
    /// The most frames that were in the network's queue at once.
    waiting: usize,
}

impl Guest {
    /// A guest with the address that is its own.
    fn new(config: &NetworkConfig) -> Self {
        let mut guest = Self::without_address(config);
        guest.set_address(GUEST, 24);
        guest
    }

    fn without_address(config: &NetworkConfig) -> Self {
        let mut adapter = Adapter::default();
        let interface = Interface::new(
            Config::new(MAC.into()),
            &mut adapter,
            tcp_time::Instant::from_micros(0),
        );
        Self {
            network: UserNetwork::new(config).unwrap(),
            adapter,
            interface,
            sockets: SocketSet::new(Vec::new()),
            started: Instant::now(),
            ahead: Duration::ZERO,
            waiting: 0,
        }
    }

    fn set_address(&mut self, address: Ipv4Addr, prefix: u8) {
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            addresses.push(IpCidr::new(address.into(), prefix)).unwrap();
        });
        let routes = self.interface.routes_mut();
        routes.add_default_ipv4_route(GATEWAY).unwrap();
    }

    /// Moves everything once; false if nothing moved.
    fn step(&mut self) -> bool {
        let elapsed = self.started.elapsed().as_micros() as i64;
        let now = tcp_time::Instant::from_micros(elapsed);
        self.interface
            .poll(now, &mut self.adapter, &mut self.sockets);
        let mut moved = false;
        for frame in self.adapter.sent.drain(..) {
            self.network.from_guest(&frame);
            moved = true;
        }
        self.network.poll(Instant::now() + self.ahead);
        let before = self.adapter.received.len();
        while let Some(frame) = self.network.to_guest() {
            self.adapter.received.push_back(frame);
            moved = true;
        }
        self.waiting = self.waiting.max(self.adapter.received.len() - before);
        moved
    }

    /// Goes on until something has happened.
    #[track_caller]
    fn until(&mut self, what: &str, mut happened: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !happened(self) {
            assert!(Instant::now() < end, "it does not happen: {what}");
            if !self.step() {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    }

    /// Goes on for a while.
    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if !self.step() {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    }

    fn get<T: AnySocket<'static>>(&mut self, handle: SocketHandle) -> &mut T {
        self.sockets.get_mut(handle)
    }

    fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.get(handle)
    }

    fn connect(&mut self, to: SocketAddrV4, port: u16) -> SocketHandle {
        let mut socket = tcp_socket();
        let to = (*to.ip(), to.port());
        socket.connect(self.interface.context(), to, port).unwrap();
        self.sockets.add(socket)
    }
}

fn tcp_socket() -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; 64 << 10]);
    tcp::Socket::new(buffer(), buffer())
}

/// The router's address with a port of the host's loopback.
fn host(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(GATEWAY, port)
}

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64 of Marsaglia's.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
