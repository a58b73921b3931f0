//! Who answers the guest's questions for names.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

/// The port of name servers.
pub(super) const PORT: u16 = 53;
/// What is read of the host's settings at most.
const MAX_SETTINGS: u64 = 64 << 10;
/// The size of a message's header.
const HEADER: usize = 12;

/// Who answers the guest's questions for names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolver {
    /// The first name server in the host's `/etc/resolv.conf`, read at each new question.
    #[default]
    Host,
    /// This one.
    At(SocketAddr),
    /// Nobody: each question is answered with a failure.
    Nobody,
}

impl Resolver {
    /// The server to ask, if there is one.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        match self {
            Self::At(server) => Some(*server),
            Self::Nobody => None,
            Self::Host => {
                let mut settings = Vec::new();
                File::open("/etc/resolv.conf")
                    .and_then(|file| file.take(MAX_SETTINGS).read_to_end(&mut settings))
                    .ok()?;
                first_server(&String::from_utf8_lossy(&settings))
            }
        }
    }
}

/// The first name server that settings as in `resolv.conf(5)` name.
fn first_server(settings: &str) -> Option<SocketAddr> {
    settings.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        if words.next()? != "nameserver" {
            return None;
        }
        let address: IpAddr = words.next()?.parse().ok()?;
        Some(SocketAddr::new(address, PORT))
    })
}

/// The answer to a question that nobody answers: the question again, as a response with the
/// code SERVFAIL (RFC 1035, 4.1.1). Nothing if this is no question.
pub(super) fn failure(question: &[u8]) -> Option<Vec<u8>> {
    const RESPONSE: u8 = 0x80;
    const RECURSION_AVAILABLE: u8 = 0x80;
    const SERVFAIL: u8 = 2;
    if question.len() < HEADER || question[2] & RESPONSE != 0 {
        return None;
    }
    let mut end = HEADER;
    let questions = u16::from_be_bytes([question[4], question[5]]);
    // Whatever follows the question (RFC 6891 puts options there) is left out.
    if questions == 1 {
        loop {
            let length = usize::from(*question.get(end)?);
            end += 1 + length;
            if length == 0 {
                break;
            }
            if length > 63 {
                return None;
            }
        }
        end += 4;
    }
    let mut answer = question.get(..end)?.to_vec();
    answer[2] |= RESPONSE;
    answer[3] = RECURSION_AVAILABLE | SERVFAIL;
    answer[6..HEADER].fill(0);
    answer[4..6].copy_from_slice(&u16::from(questions == 1).to_be_bytes());
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_server_of_the_settings_counts() {
        let server = first_server(
            "# nameserver 192.0.2.9\nsearch example\nnameserver bad\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n",
        );
        assert_eq!(server, Some("192.0.2.1:53".parse().unwrap()));
        let server = first_server("nameserver\t2001:db8::1 # a comment");
        assert_eq!(server, Some("[2001:db8::1]:53".parse().unwrap()));
        assert_eq!(first_server("options edns0\n"), None);
    }

    #[test]
    fn a_failure_repeats_the_question() {
        let mut question = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        question.extend(b"\x07example\x03org\0\0\x01\0\x01");
        let end = question.len();
        question.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        let answer = failure(&question).unwrap();
        assert_eq!(answer[..2], [0xab, 0xcd]);
        assert_eq!(answer[2..4], [0x81, 0x82]);
        assert_eq!(answer[4..12], [0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(answer[12..], question[12..end]);
        assert_eq!(failure(&answer), None, "an answer is no question");
        for length in 0..end {
            assert_eq!(failure(&question[..length]), None, "{length}");
        }
    }
}
