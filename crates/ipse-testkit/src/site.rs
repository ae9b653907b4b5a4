//! A server that listens, for browsers.

use ipse_config::Socket;
use ipse_http::serve::{Listener, Place, Stop, serve, stop};

use crate::{Builder, TestServer};

/// A server with its own account pages at `http://localhost:…/`, a secure context for browsers.
pub struct Site {
    /// The server itself.
    pub server: TestServer,
    /// Its address, without a path.
    pub origin: String,
    _stop: Stop,
}

impl Site {
    /// Starts one; `configure` gets the address to configure it with.
    ///
    /// # Panics
    /// When that isn't possible.
    pub async fn start(configure: impl FnOnce(Builder, &str) -> Builder) -> Self {
        let listener = Listener::bind(&Place::of("127.0.0.1", 0, &Socket::default())).await;
        let listener = listener.expect("there is a free port");
        let port = listener.address().expect("it has an address").port();
        let origin = format!("http://localhost:{port}");
        let builder = TestServer::build()
            .own_pages()
            .set("serve.public.base_url", format!("{origin}/"))
            .set(
                "selfservice.default_browser_return_url",
                format!("{origin}/"),
            )
            .set("selfservice.allowed_return_urls", vec![origin.clone()]);
        let server = configure(builder, &origin).start().await;
        let (stop, stopped) = stop();
        let door = ipse_http::public(server.app.clone());
        tokio::spawn(serve(listener, door, None, stopped));
        Self {
            server,
            origin,
            _stop: stop,
        }
    }

    /// The address of a page.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}
