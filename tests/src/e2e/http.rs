//! A client of the programs' HTTP interfaces, as a browser or another system would be.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::{Agent, http::Response};

/// How long one request may take.
const REQUEST_DEADLINE: Duration = Duration::from_secs(60);
/// Bytes of the longest answer that is read: a dossier without room for more has some 12 MB.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One program's interface, with or without a session.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON, or as text, or null.
    pub body: Value,
    /// The document's version.
    pub etag: Option<String>,
}

/// No answer came: the program died, or the connection broke. What was asked may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

impl Answer {
    /// The body of an answer that says done.
    ///
    /// # Panics
    ///
    /// When the status is not 2xx.
    #[must_use]
    pub fn done(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// A field of the body as text, empty when it is not there.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

impl Client {
    /// A client without a session.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(REQUEST_DEADLINE))
            .max_idle_connections_per_host(32)
            .build();
        Self { agent: config.into(), base: format!("http://{address}"), token: None }
    }

    /// Logs in; the client then speaks for that person.
    ///
    /// # Errors
    ///
    /// The answer, when it is not 201.
    pub fn log_in(&self, user: &str, password: &str) -> Result<Self, Answer> {
        let body = serde_json::json!({ "username": user, "password": password });
        let answer = self.post("/api/v1/sessions", &body);
        match answer.body["token"].as_str() {
            Some(token) if answer.status == 201 => {
                Ok(Self { token: Some(token.to_owned()), ..self.clone() })
            }
            _ => Err(answer),
        }
    }

    /// Fetches; the program must answer.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|_| panic!("GET {}{path} was not answered", self.base))
    }

    /// Fetches.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn try_get(&self, path: &str) -> Result<Answer, NoAnswer> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer_of(request.call())
    }

    /// Whether there is something there for this client, whatever it is.
    ///
    /// # Panics
    ///
    /// When there is no answer, or another one than 200, 403 or 404.
    #[must_use]
    pub fn finds(&self, path: &str) -> bool {
        let status = self.fetch(path).status().as_u16();
        assert!([200, 403, 404].contains(&status), "{status} for {path}");
        status == 200
    }

    fn fetch(&self, path: &str) -> ureq::http::Response<ureq::Body> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Sends bytes of that media type with a key; the program must answer.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn send_bytes(&self, path: &str, media_type: &str, key: &str, bytes: &[u8]) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.header("content-type", media_type).header("idempotency-key", key);
        answer_of(request.send(bytes))
            .unwrap_or_else(|_| panic!("POST {}{path} was not answered", self.base))
    }

    /// Fetches bytes.
    ///
    /// # Panics
    ///
    /// When there is no answer or not 200.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let mut response = self.fetch(path);
        assert_eq!(response.status(), 200, "{path}");
        response.body_mut().read_to_vec().unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Sends; the program must answer.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_send("POST", path, body, None)
            .unwrap_or_else(|_| panic!("POST {}{path} was not answered", self.base))
    }

    /// Sends with an idempotency key.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn try_post_once(&self, path: &str, body: &Value, key: &str) -> Result<Answer, NoAnswer> {
        self.try_send("POST", path, body, Some(key))
    }

    /// Brings a file in a form.
    ///
    /// # Panics
    ///
    /// When the program does not answer.
    #[must_use]
    pub fn upload(&self, path: &str, name: &str, file: &[u8]) -> Answer {
        let boundary = "a-boundary-of-tests";
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .header("idempotency-key", blake3::hash(file).to_hex().as_str());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer_of(request.send(&body[..])).unwrap_or_else(|_| panic!("no answer to {path}"))
    }

    /// Sends with any method that carries a body.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer, NoAnswer> {
        let text = body.to_string();
        self.try_send_text(method, path, &text, key)
    }

    /// Sends a body that need not be JSON at all.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn try_send_text(
        &self,
        method: &str,
        path: &str,
        text: &str,
        key: Option<&str>,
    ) -> Result<Answer, NoAnswer> {
        let url = format!("{}{path}", self.base);
        let mut request = match method {
            "PUT" => self.agent.put(url),
            _ => self.agent.post(url),
        };
        request = request.header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        answer_of(request.send(text))
    }
}

/// A request that has left on a connection of its own, and whose answer nobody has read yet.
#[derive(Debug)]
pub struct Sent {
    socket: TcpStream,
    /// When its last byte had left.
    pub left: Instant,
}

impl Client {
    /// Sends on a connection of its own and does not wait for the answer.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] when the program takes no connection, or only a part of the request.
    pub fn send_off(&self, path: &str, body: &Value, key: &str) -> Result<Sent, NoAnswer> {
        let place = self.base.strip_prefix("http://").unwrap_or(&self.base);
        let (token, text) = (self.token.as_deref().unwrap_or_default(), body.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {place}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\nidempotency-key: {key}\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        let mut socket = TcpStream::connect(place).map_err(|_| NoAnswer)?;
        socket.write_all(request.as_bytes()).map_err(|_| NoAnswer)?;
        Ok(Sent { socket, left: Instant::now() })
    }
}

impl Sent {
    /// Waits for the whole answer.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn answer(mut self) -> Result<Answer, NoAnswer> {
        let mut text = String::new();
        self.socket.set_read_timeout(Some(REQUEST_DEADLINE)).map_err(|_| NoAnswer)?;
        self.socket.read_to_string(&mut text).map_err(|_| NoAnswer)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(NoAnswer)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).map_err(|_| NoAnswer)?;
        Ok(Answer { status: status.ok_or(NoAnswer)?, body, etag: None })
    }

    /// Closes the connection when nothing has come after this time, as a browser does whose window
    /// is shut. Says whether an answer had begun.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    #[must_use]
    pub fn abandon_after(mut self, patience: Duration) -> bool {
        while self.left.elapsed() < patience {
            std::hint::spin_loop();
        }
        self.socket.set_nonblocking(true).expect("a socket need not wait");
        self.socket.read(&mut [0; 1]).is_ok_and(|bytes| bytes > 0)
    }
}

fn answer_of(sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, NoAnswer> {
    let mut response = sent.map_err(|_| NoAnswer)?;
    let status = response.status().as_u16();
    let etag = response.headers().get("etag").and_then(|tag| tag.to_str().ok());
    let etag = etag.map(|tag| tag.trim_matches('"').to_owned());
    let whole = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let text = whole.read_to_string().map_err(|_| NoAnswer)?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body, etag })
}
