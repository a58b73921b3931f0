//! The addresses of the network that the guest is on, which are QEMU's.

use std::net::{Ipv4Addr, SocketAddrV4};

use smoltcp::wire::EthernetAddress;

/// The router, which is also the host's loopback interface.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// The name server.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 3);
/// What DHCP gives the guest.
pub const GUEST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// The network's mask.
pub const NETMASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);
/// The length of the network's prefix.
pub(super) const PREFIX: u8 = 24;
/// The network's own broadcast address.
const BROADCAST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 255);
/// The router's Ethernet address; locally administered.
pub(super) const ETHERNET: EthernetAddress = EthernetAddress([0x52, 0x55, 0x0a, 0x00, 0x02, 0x02]);
/// The largest IP packet on the link.
pub const MTU: usize = 1500;
/// The largest Ethernet frame on the link.
pub(super) const MAX_FRAME: usize = MTU + 14;

/// The two ends of a flow, as the guest sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    pub(super) guest: SocketAddrV4,
    pub(super) remote: SocketAddrV4,
}

/// Where a packet of the guest goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// The router: the host's loopback interface.
    Host,
    /// The name server.
    NameServer,
    /// Some other machine.
    Outside,
    /// Nobody: such a packet is dropped.
    Nobody,
}

fn in_network(address: Ipv4Addr) -> bool {
    address.to_bits() & NETMASK.to_bits() == GATEWAY.to_bits() & NETMASK.to_bits()
}

/// Whether a guest may have this address.
pub(super) fn is_guest(address: Ipv4Addr) -> bool {
    in_network(address)
        && ![GATEWAY, NAME_SERVER, BROADCAST].contains(&address)
        && address.octets()[3] != 0
}

/// Where a packet to this address goes.
pub(super) fn destination(address: Ipv4Addr) -> Destination {
    match address {
        GATEWAY => Destination::Host,
        NAME_SERVER => Destination::NameServer,
        _ if in_network(address) => Destination::Nobody,
        // Loopback, "this network", multicast and the reserved addresses are not on any wire.
        // The guest reaches the host's loopback through the router's address alone.
        _ if address.is_loopback() || address.octets()[0] == 0 || address.octets()[0] >= 224 => {
            Destination::Nobody
        }
        _ => Destination::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let to = |text: &str| destination(text.parse().unwrap());
        assert_eq!(to("10.0.2.2"), Destination::Host);
        assert_eq!(to("10.0.2.3"), Destination::NameServer);
        assert_eq!(to("192.0.2.1"), Destination::Outside);
        assert_eq!(to("10.0.3.1"), Destination::Outside);
        for nobody in [
            "127.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "10.0.2.255",
            "10.0.2.77",
            "240.0.0.1",
        ] {
            assert_eq!(to(nobody), Destination::Nobody, "{nobody}");
        }
        assert!(is_guest(GUEST) && is_guest(Ipv4Addr::new(10, 0, 2, 99)));
        for other in [
            GATEWAY,
            NAME_SERVER,
            BROADCAST,
            Ipv4Addr::new(10, 0, 2, 0),
            Ipv4Addr::new(10, 0, 3, 15),
        ] {
            assert!(!is_guest(other), "{other}");
        }
    }
}
