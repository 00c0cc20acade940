//! How long one request may take: long enough for a file over a slow line, as long as it goes on
//! coming, and no longer for whoever sends byte after byte.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
};
use futures_core::Stream;
use tokio::time::{Instant, timeout_at};

/// Longest time for one request whose body comes at once.
const REQUEST_WAIT: Duration = Duration::from_secs(30);
/// Bytes of a body that must come in a millisecond, on average, beyond that time.
const BYTES_PER_MS: u64 = 8;

/// What has come of the body of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience(Arc<AtomicU64>);

impl Patience {
    /// What the work gives, if it ends in time.
    pub(super) async fn wait_for<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, began) = (pin!(work), Instant::now());
        loop {
            let came = self.0.load(Ordering::Relaxed);
            let until = began + REQUEST_WAIT + Duration::from_millis(came / BYTES_PER_MS);
            if let Ok(done) = timeout_at(until, &mut work).await {
                return Some(done);
            }
            if self.0.load(Ordering::Relaxed) == came {
                return None;
            }
        }
    }
}

/// The request, whose body is counted as it comes.
pub(super) fn counted(request: Request, patience: &Patience) -> Request {
    let (head, body) = request.into_parts();
    let body = Counted { body: body.into_data_stream(), came: Arc::clone(&patience.0) };
    Request::from_parts(head, Body::from_stream(body))
}

struct Counted {
    body: BodyDataStream,
    came: Arc<AtomicU64>,
}

impl Stream for Counted {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.came.fetch_add(count, Ordering::Relaxed);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Interval, interval_at};

    use super::*;

    /// A body that comes in such parts, one a second.
    struct Slow {
        parts: u32,
        bytes: usize,
        seconds: Interval,
    }

    impl Stream for Slow {
        type Item = Result<Bytes, axum::Error>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            if self.parts == 0 {
                return Poll::Ready(None);
            }
            if self.seconds.poll_tick(context).is_pending() {
                return Poll::Pending;
            }
            self.parts -= 1;
            Poll::Ready(Some(Ok(Bytes::from(vec![0; self.bytes]))))
        }
    }

    /// How many bytes of such a body are read, if that ends in time, and after how many seconds.
    async fn read(parts: u32, bytes: usize) -> (Option<usize>, u64) {
        let second = Duration::from_secs(1);
        let seconds = interval_at(Instant::now() + second, second);
        let patience = Patience::default();
        let body = Body::from_stream(Slow { parts, bytes, seconds });
        let request = counted(Request::new(body), &patience);
        let began = Instant::now();
        let work = async { axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap() };
        let done = patience.wait_for(work).await;
        (done.map(|bytes| bytes.len()), began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_goes_on_coming_may_take_minutes() {
        assert_eq!(read(300, 40_000).await, (Some(12_000_000), 300));
    }

    #[tokio::test(start_paused = true)]
    async fn byte_after_byte_does_not_hold_a_request_open() {
        let (done, seconds) = read(3_000, 1).await;
        assert!(done.is_none() && seconds < 40, "{seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_of_which_nothing_more_comes_ends_its_request() {
        let patience = Patience::default();
        let began = Instant::now();
        assert_eq!(patience.wait_for(std::future::pending::<()>()).await, None);
        assert_eq!(began.elapsed(), REQUEST_WAIT);
    }
}
