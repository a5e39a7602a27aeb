//! A connection to a server, for the few words that tests have for it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// That it is done, in a word.
    Status(String),
    /// That it refuses.
    Error(String),
    /// A number.
    Number(i64),
    /// A value.
    Bytes(Vec<u8>),
    /// That there is no value.
    Nothing,
    /// Several.
    Array(Vec<Self>),
}

pub(super) struct Conversation {
    stream: BufReader<TcpStream>,
}

impl Conversation {
    pub(super) fn begin(port: u16, patience: Duration) -> io::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub(super) fn ask(&mut self, words: &[&[u8]]) -> io::Result<Reply> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&request)?;
        self.reply()
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(not_a_reply)?;
        match kind {
            "+" => Ok(Reply::Status(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Number(number(rest)?)),
            "$" => self.bytes(number(rest)?),
            "*" => (0..number(rest)?)
                .map(|_| self.reply())
                .collect::<io::Result<_>>()
                .map(Reply::Array),
            _ => Err(not_a_reply()),
        }
    }

    fn bytes(&mut self, length: i64) -> io::Result<Reply> {
        let Ok(length) = usize::try_from(length) else {
            return Ok(Reply::Nothing);
        };
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(Reply::Bytes(bytes))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| not_a_reply())
}

fn not_a_reply() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no reply of Redis")
}
