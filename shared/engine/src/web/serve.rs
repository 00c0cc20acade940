//! Serves pages until the program stops.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::{command::Problem, tasks::stopped};

/// How long a page may still be sent after the signal to stop.
const LAST_PAGES: Duration = Duration::from_secs(2);

/// Serves the pages; handlers are told who asks.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    pages: Router,
    stop: watch::Receiver<bool>,
) -> Result<(), Problem> {
    let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
    let (mut told, mut late) = (stop.clone(), stop);
    let serving = axum::serve(listener, pages).with_graceful_shutdown(async move {
        stopped(&mut told).await;
    });
    let cut = async move {
        stopped(&mut late).await;
        tokio::time::sleep(LAST_PAGES).await;
    };
    tokio::select! {
        ended = serving => ended.map_err(|error| Problem::new("pages", error.to_string())),
        () = cut => Ok(()),
    }
}
