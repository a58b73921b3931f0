//! The network adapter (section 5.1): frames between the driver's queues and the network.

use std::time::Instant;

use super::UserNetwork;
use super::address::{MAX_FRAME, MTU};
use crate::dev::virtio::{Queues, VirtioDevice, read_bytes};
use crate::trace;

/// The queue of buffers for frames to the guest.
const RECEIVE: usize = 0;
/// The queue of frames from the guest.
const TRANSMIT: usize = 1;
/// Features (section 5.1.3).
const FEATURE_MTU: u64 = 1 << 3;
const FEATURE_MAC: u64 = 1 << 5;
const FEATURE_STATUS: u64 = 1 << 16;
/// In the configuration's status: there is a connection.
const LINK_UP: u16 = 1;
/// `struct virtio_net_hdr` (section 5.1.6).
const HEADER: usize = 12;
/// Where the header says how many buffers a frame is in.
const BUFFERS: usize = 10;
/// The smallest frame of Ethernet without its checksum. Shorter ones are filled with zeros.
const MIN_FRAME: usize = 60;

/// A network adapter.
pub struct Net {
    network: UserNetwork,
    config: [u8; 12],
    /// A frame for the guest that did not fit in its buffer has been told of.
    told: bool,
}

impl Net {
    /// An adapter with the address `mac`.
    pub fn new(network: UserNetwork, mac: [u8; 6]) -> Self {
        let mut config = [0; 12];
        config[..6].copy_from_slice(&mac);
        config[6..8].copy_from_slice(&LINK_UP.to_le_bytes());
        // How many pairs of queues there could be belongs to a feature that is not offered.
        config[10..12].copy_from_slice(&(MTU as u16).to_le_bytes());
        Self {
            network,
            config,
            told: false,
        }
    }

    /// The network that it is connected to.
    pub fn network(&self) -> &UserNetwork {
        &self.network
    }

    /// Takes the frames that the guest sends.
    fn transmit(&mut self, queues: &mut Queues<'_>) {
        while let Some(mut chain) = queues.take(TRANSMIT) {
            let mut header = [0; HEADER];
            if chain.read_exact(queues.memory(), &mut header).is_none() || chain.writable() > 0 {
                queues.refuse(
                    &chain,
                    "a frame to send has a header of 12 bytes and no room",
                );
                return;
            }
            // No offload is offered, so the header says nothing. What is too long is dropped:
            // one byte more than a frame is enough to see it.
            let mut frame = [0; MAX_FRAME + 1];
            let length = chain.read(queues.memory(), &mut frame);
            self.network.from_guest(&frame[..length]);
            queues.finish(chain);
        }
    }

    /// Gives the guest the frames that wait for it, as long as it has buffers.
    fn receive(&mut self, queues: &mut Queues<'_>) {
        while self.network.has_frame() {
            let Some(mut chain) = queues.take(RECEIVE) else {
                return;
            };
            if chain.readable() > 0 {
                queues.refuse(&chain, "a buffer for a frame has a part to read");
                return;
            }
            let Some(mut frame) = self.network.to_guest() else {
                queues.put_back(chain);
                return;
            };
            if frame.len() < MIN_FRAME {
                frame.resize(MIN_FRAME, 0);
            }
            if chain.writable() < (HEADER + frame.len()) as u64 {
                // Section 5.1.6.3.1: a driver's buffers hold any frame. This one is lost.
                if !self.told {
                    log::warn!(
                        target: trace::DEV_NET,
                        "virtio-net: a frame of {} bytes is lost: the driver's buffer has {}",
                        frame.len(),
                        chain.writable()
                    );
                }
                self.told = true;
                queues.finish(chain);
                continue;
            }
            let mut header = [0; HEADER];
            header[BUFFERS] = 1;
            chain.write(queues.memory(), &header);
            chain.write(queues.memory(), &frame);
            queues.finish(chain);
        }
    }
}

impl VirtioDevice for Net {
    fn id(&self) -> u32 {
        1
    }

    fn name(&self) -> &'static str {
        "virtio-net"
    }

    fn log_target(&self) -> &'static str {
        trace::DEV_NET
    }

    fn features(&self) -> u64 {
        FEATURE_MAC | FEATURE_STATUS | FEATURE_MTU
    }

    fn queue_sizes(&self) -> &[u16] {
        &[256, 256]
    }

    fn read_config(&self, offset: u64, bytes: &mut [u8]) {
        read_bytes(&self.config, offset, bytes);
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        if queues.notified(TRANSMIT) {
            self.transmit(queues);
        }
        self.network.poll(Instant::now());
        self.receive(queues);
    }

    fn reset(&mut self) {
        self.network.reset();
        self.told = false;
    }

    fn expects_host(&self) -> bool {
        self.network.busy()
    }
}
