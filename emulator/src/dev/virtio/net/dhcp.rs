//! The DHCP server (RFC 2131): whoever asks gets the guest's address.

use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpOption, DhcpPacket, DhcpRepr};

use super::address::{GATEWAY, GUEST, NAME_SERVER, NETMASK};

/// The port of servers.
pub(super) const SERVER_PORT: u16 = 67;
/// The port of clients.
pub(super) const CLIENT_PORT: u16 = 68;

/// For how long an address is given, in seconds.
const LEASE: u32 = 86_400;
/// Options of RFC 2132 that smoltcp does not write.
const NAME_SERVERS: u8 = 6;
const HOST_NAME: u8 = 12;
const RENEWAL_TIME: u8 = 58;
const REBINDING_TIME: u8 = 59;
/// The size that clients of BOOTP expect at least (RFC 1542, 2.1).
const MIN_MESSAGE: usize = 300;

/// An answer, and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The client's address, or everybody's while it has none.
    pub(super) to: Ipv4Addr,
    /// The message.
    pub(super) message: Vec<u8>,
}

/// The answer to a client's message, if there is one. A network that leads nowhere has
/// no router and no name server.
pub(super) fn answer(message: &[u8], leads_outside: bool) -> Option<Answer> {
    let packet = DhcpPacket::new_checked(message).ok()?;
    let asked = DhcpRepr::parse(&packet).ok()?;
    // Meant for another server.
    if asked
        .server_identifier
        .is_some_and(|server| server != GATEWAY)
    {
        return None;
    }
    let wanted = asked.requested_ip.unwrap_or(asked.client_ip);
    let kind = match asked.message_type {
        DhcpMessageType::Discover => DhcpMessageType::Offer,
        DhcpMessageType::Request if wanted == GUEST => DhcpMessageType::Ack,
        DhcpMessageType::Request => DhcpMessageType::Nak,
        DhcpMessageType::Inform => DhcpMessageType::Ack,
        _ => return None,
    };
    let refused = kind == DhcpMessageType::Nak;
    // RFC 2131, table 3: who only asks for settings has an address already.
    let gives = !refused && asked.message_type != DhcpMessageType::Inform;
    let renewal = (LEASE / 2).to_be_bytes();
    let rebinding = (LEASE / 8 * 7).to_be_bytes();
    let servers = NAME_SERVER.octets();
    let option = |kind, data| DhcpOption { kind, data };
    let mut options = Vec::new();
    if gives {
        options.push(option(RENEWAL_TIME, &renewal));
        options.push(option(REBINDING_TIME, &rebinding));
    }
    if !refused {
        options.push(option(HOST_NAME, b"pagewalk"));
    }
    if leads_outside && !refused {
        options.push(option(NAME_SERVERS, &servers));
    }
    let reply = DhcpRepr {
        message_type: kind,
        transaction_id: asked.transaction_id,
        secs: 0,
        client_hardware_address: asked.client_hardware_address,
        client_ip: if refused {
            Ipv4Addr::UNSPECIFIED
        } else {
            asked.client_ip
        },
        your_ip: if gives { GUEST } else { Ipv4Addr::UNSPECIFIED },
        server_ip: if refused {
            Ipv4Addr::UNSPECIFIED
        } else {
            GATEWAY
        },
        router: (leads_outside && !refused).then_some(GATEWAY),
        subnet_mask: (!refused).then_some(NETMASK),
        relay_agent_ip: asked.relay_agent_ip,
        broadcast: asked.broadcast,
        requested_ip: None,
        client_identifier: None,
        server_identifier: Some(GATEWAY),
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: gives.then_some(LEASE),
        renew_duration: None,
        rebind_duration: None,
        additional_options: &options,
    };
    let mut message = vec![0; reply.buffer_len()];
    reply
        .emit(&mut DhcpPacket::new_unchecked(&mut message[..]))
        .ok()?;
    if message.len() < MIN_MESSAGE {
        message.resize(MIN_MESSAGE, 0);
    }
    let to = if refused || asked.client_ip != GUEST {
        Ipv4Addr::BROADCAST
    } else {
        GUEST
    };
    Some(Answer { to, message })
}
