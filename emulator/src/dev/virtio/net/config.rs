//! What a user can choose about the network, and how it is written.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::str::FromStr;

use super::address::{GUEST, is_guest};
use super::resolver::{PORT as DNS_PORT, Resolver};

/// As many ports can be forwarded at most.
pub const MAX_FORWARDS: usize = 32;

/// A protocol whose ports can be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A port of the host's that leads to one of the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Which protocol.
    pub protocol: Protocol,
    /// Where the host listens: on the loopback interface. With port 0 the host chooses one.
    pub host: SocketAddrV4,
    /// Where it leads.
    pub guest: SocketAddrV4,
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.protocol, self.host, self.guest)
    }
}

/// What the network is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The host's ports that lead to the guest.
    pub forwards: Vec<Forward>,
    /// Whether the guest reaches nothing but what comes by way of a forwarded port.
    pub restrict: bool,
    /// Who answers questions for names.
    pub resolver: Resolver,
}

/// What the guest's network adapter is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetSpec {
    /// There is no adapter.
    None,
    /// A network of its own, with the host's sockets behind it.
    User {
        /// What the network is to be.
        config: NetworkConfig,
        /// The adapter's address.
        mac: [u8; 6],
    },
}

/// The adapter's address unless another one is given.
pub const DEFAULT_MAC: [u8; 6] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];

/// What is wrong with the words that describe a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetSpecError {
    /// There is no such network.
    #[error("there is no network '{0}'; there are 'user' and 'none'")]
    Kind(String),
    /// An option that does not exist.
    #[error(
        "there is no option '{0}' for a network; there are hostfwd, restrict, resolver and mac"
    )]
    Option(String),
    /// Options for no network.
    #[error("'none' takes no options, but '{0}' follows")]
    NoneWithOption(String),
    /// An option with a value that it cannot have.
    #[error("{field}: '{value}' {reason}")]
    Value {
        /// The option.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More than there is room for.
    #[error("hostfwd: there are more than {MAX_FORWARDS} forwarded ports")]
    TooManyForwards,
}

fn wrong(field: &'static str, value: &str, reason: &'static str) -> NetSpecError {
    NetSpecError::Value {
        field,
        value: value.to_string(),
        reason,
    }
}

impl FromStr for NetSpec {
    type Err = NetSpecError;

    fn from_str(text: &str) -> Result<Self, NetSpecError> {
        let mut words = text.split(',');
        let kind = words.next().unwrap_or_default();
        match kind {
            "none" => match words.next() {
                Some(option) => Err(NetSpecError::NoneWithOption(option.to_string())),
                None => Ok(Self::None),
            },
            "user" => {
                let mut config = NetworkConfig::default();
                let mut mac = DEFAULT_MAC;
                for option in words {
                    let (name, value) = option.split_once('=').unwrap_or((option, ""));
                    match name {
                        "hostfwd" => config.forwards.push(value.parse()?),
                        "restrict" => config.restrict = switch(value)?,
                        "resolver" => config.resolver = resolver(value)?,
                        "mac" => mac = ethernet(value)?,
                        _ => return Err(NetSpecError::Option(name.to_string())),
                    }
                }
                if config.forwards.len() > MAX_FORWARDS {
                    return Err(NetSpecError::TooManyForwards);
                }
                Ok(Self::User { config, mac })
            }
            _ => Err(NetSpecError::Kind(kind.to_string())),
        }
    }
}

fn switch(value: &str) -> Result<bool, NetSpecError> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(wrong("restrict", value, "is neither 'on' nor 'off'")),
    }
}

fn resolver(value: &str) -> Result<Resolver, NetSpecError> {
    if value == "none" {
        return Ok(Resolver::Nobody);
    }
    let server = value.parse().or_else(|_| {
        let address = value.parse::<IpAddr>();
        address.map(|address| SocketAddr::new(address, DNS_PORT))
    });
    let server = server.map_err(|_| {
        wrong(
            "resolver",
            value,
            "is neither 'none' nor ADDRESS nor ADDRESS:PORT",
        )
    })?;
    Ok(Resolver::At(server))
}

fn ethernet(value: &str) -> Result<[u8; 6], NetSpecError> {
    let bytes: Option<Vec<u8>> = value
        .split([':', '-'])
        .map(|byte| {
            let digits = byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_hexdigit());
            digits.then(|| u8::from_str_radix(byte, 16).ok()).flatten()
        })
        .collect();
    let address = bytes.and_then(|bytes| <[u8; 6]>::try_from(bytes).ok());
    let Some(address) = address else {
        return Err(wrong("mac", value, "is not like 52:54:00:12:34:56"));
    };
    if address[0] & 1 != 0 || address == [0; 6] {
        return Err(wrong("mac", value, "is no address of one adapter"));
    }
    Ok(address)
}

impl FromStr for Forward {
    type Err = NetSpecError;

    /// `tcp:[HOST]:PORT-[GUEST]:PORT`; the addresses may be left out.
    fn from_str(text: &str) -> Result<Self, NetSpecError> {
        let bad = |reason| wrong("hostfwd", text, reason);
        let form = "is not like tcp:127.0.0.1:2222-10.0.2.15:22 (the addresses may be left out)";
        let (protocol, ends) = text.split_once(':').ok_or_else(|| bad(form))?;
        let protocol = match protocol {
            "tcp" | "" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(bad("has a protocol that is neither tcp nor udp")),
        };
        let (host, guest) = ends.split_once('-').ok_or_else(|| bad(form))?;
        let end = |text: &str, default: Ipv4Addr| {
            let (address, port) = text.rsplit_once(':').ok_or_else(|| bad(form))?;
            let address = match address {
                "" => default,
                _ => address
                    .parse()
                    .map_err(|_| bad("has an address that is not one of IPv4"))?,
            };
            let port = port
                .parse::<u16>()
                .map_err(|_| bad("has a port that is not a number up to 65535"))?;
            Ok(SocketAddrV4::new(address, port))
        };
        let forward = Self {
            protocol,
            host: end(host, Ipv4Addr::LOCALHOST)?,
            guest: end(guest, GUEST)?,
        };
        if !forward.host.ip().is_loopback() {
            return Err(bad(
                "would listen beyond this machine; the host's address must be one of loopback (127.…)",
            ));
        }
        if !is_guest(*forward.guest.ip()) {
            return Err(bad("leads to an address that no guest can have"));
        }
        if forward.guest.port() == 0 {
            return Err(bad("leads to port 0"));
        }
        Ok(forward)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> NetworkConfig {
        match text.parse().unwrap() {
            NetSpec::User { config, .. } => config,
            NetSpec::None => panic!("{text} is no network"),
        }
    }

    #[test]
    fn networks_are_written_as_for_qemu() {
        assert_eq!("none".parse(), Ok(NetSpec::None));
        assert_eq!(config("user"), NetworkConfig::default());
        let all = config(
            "user,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.2:69-10.0.2.16:70,restrict=on,resolver=127.0.0.1:5353",
        );
        assert!(all.restrict);
        assert_eq!(
            all.resolver,
            Resolver::At("127.0.0.1:5353".parse().unwrap())
        );
        let forwards: Vec<String> = all.forwards.iter().map(Forward::to_string).collect();
        assert_eq!(
            forwards,
            [
                "tcp:127.0.0.1:2222-10.0.2.15:22",
                "udp:127.0.0.2:69-10.0.2.16:70"
            ]
        );
        assert_eq!(
            config("user,resolver=192.0.2.1").resolver,
            Resolver::At("192.0.2.1:53".parse().unwrap())
        );
        assert_eq!(config("user,resolver=none").resolver, Resolver::Nobody);
        let spec: NetSpec = "user,mac=52:54:00:ab:cd:ef".parse().unwrap();
        let NetSpec::User { mac, .. } = spec else {
            panic!()
        };
        assert_eq!(mac, [0x52, 0x54, 0, 0xab, 0xcd, 0xef]);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (text, words) in [
            ("tap", "'tap'"),
            ("none,restrict=on", "'restrict=on'"),
            ("user,bridge=br0", "'bridge'"),
            ("user,restrict", "restrict: ''"),
            ("user,restrict=yes", "restrict: 'yes'"),
            ("user,hostfwd=tcp", "hostfwd: 'tcp'"),
            ("user,hostfwd=tcp::80", "hostfwd: 'tcp::80'"),
            ("user,hostfwd=sctp::80-:80", "neither tcp nor udp"),
            ("user,hostfwd=tcp::x-:80", "port"),
            ("user,hostfwd=tcp::65536-:80", "port"),
            ("user,hostfwd=tcp::80-:0", "port 0"),
            ("user,hostfwd=tcp:0.0.0.0:80-:80", "loopback"),
            ("user,hostfwd=tcp:192.0.2.1:80-:80", "loopback"),
            ("user,hostfwd=tcp::80-192.0.2.1:80", "no guest"),
            ("user,hostfwd=tcp::80-10.0.2.2:80", "no guest"),
            ("user,hostfwd=tcp:localhost:80-:80", "IPv4"),
            ("user,resolver=one.one", "resolver: 'one.one'"),
            ("user,mac=52:54:00", "mac: '52:54:00'"),
            ("user,mac=+1:54:00:12:34:56", "mac"),
            ("user,mac=01:54:00:12:34:56", "one adapter"),
        ] {
            let error = text.parse::<NetSpec>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        let many = format!("user{}", ",hostfwd=tcp::1-:1".repeat(MAX_FORWARDS + 1));
        let error = many.parse::<NetSpec>().unwrap_err();
        assert_eq!(error, NetSpecError::TooManyForwards);
    }
}
