//! Free ports below the range from which the system takes those of outgoing connections, so that
//! a program that comes back finds its own port free.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An address of this machine that nobody listens on, TCP nor UDP, and that no one else is given
/// in this run.
///
/// # Panics
///
/// When every port is taken.
pub fn free() -> SocketAddr {
    let offset = process::id().wrapping_mul(97);
    (0..COUNT)
        .map(|_| {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = FIRST + offset.wrapping_add(step) % COUNT;
            SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).expect("below 32000")))
        })
        .find(|address| TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok())
        .expect("a port is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_programs_never_get_one_port() {
        let first = free();
        let second = free();
        assert_ne!(first, second);
        assert!(TcpListener::bind(first).is_ok());
    }
}
