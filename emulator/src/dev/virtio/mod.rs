//! Devices of the virtio specification.

pub mod net;
