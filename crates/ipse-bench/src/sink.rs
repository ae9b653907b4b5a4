//! A mail server that takes everything.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The server. It runs until the program ends.
pub(crate) struct Sink {
    port: u16,
    taken: Arc<AtomicUsize>,
}

impl Sink {
    /// Starts one.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let sink = Self {
            port: listener.local_addr()?.port(),
            taken: Arc::default(),
        };
        let taken = Arc::clone(&sink.taken);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let taken = Arc::clone(&taken);
                // A client that breaks off is no concern of the server's.
                thread::spawn(move || talk(client, &taken));
            }
        });
        Ok(sink)
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many mails it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

fn talk(mut client: TcpStream, taken: &AtomicUsize) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut lines = BufReader::new(client.try_clone()?);
    client.write_all(b"220 sink\r\n")?;
    let (mut line, mut reading) = (Vec::new(), false);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match (reading, line.as_slice()) {
            (true, b".\r\n") => {
                reading = false;
                taken.fetch_add(1, Ordering::SeqCst);
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, b"DATA\r\n") => {
                reading = true;
                b"354 go\r\n"
            }
            (false, _) => b"250 ok\r\n",
        };
        client.write_all(answer)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_when_it_has_ended() {
        let sink = Sink::start().unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", sink.port())).unwrap();
        let mut answers = BufReader::new(client.try_clone().unwrap()).lines();
        let mut answer = || answers.next().unwrap().unwrap();
        assert_eq!(answer(), "220 sink");
        for line in ["EHLO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"] {
            client.write_all(format!("{line}\r\n").as_bytes()).unwrap();
            assert_eq!(answer(), "250 ok");
        }
        client.write_all(b"DATA\r\n").unwrap();
        assert_eq!(answer(), "354 go");
        client.write_all(b"Subject: x\r\n\r\nDATA\r\n").unwrap();
        assert_eq!(sink.taken(), 0);
        client.write_all(b".\r\n").unwrap();
        assert_eq!(answer(), "250 taken");
        assert_eq!(sink.taken(), 1);
    }
}
