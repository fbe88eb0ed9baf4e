//! The name server on loopback, UDP and TCP on one port, until its handle is dropped.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{AbortHandle, JoinSet};

use super::answer::answer;
use super::{Manner, Setup, world};
use crate::Simulator;

/// How many ports are tried until one is free for both protocols.
const TRIES: usize = 20;

/// A running name server. It stops when this is dropped.
pub struct Dns {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    setup: Mutex<Setup>,
    /// The world whose Route 53 it shows besides.
    simulator: Option<Simulator>,
    own: Ipv4Addr,
    log: Mutex<Vec<Question>>,
}

/// A question that reached a name server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// Name with trailing dot, as it was asked.
    pub name: String,
    /// `TXT` …
    pub kind: String,
    /// Whether it came over TCP.
    pub over_tcp: bool,
}

impl Dns {
    /// Starts a name server on a port of 127.0.0.1 that is free for UDP and TCP.
    ///
    /// # Errors
    /// When there is no such port.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        Self::start_at(setup, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts a name server at an address. Another one of the same zone may have the same port at 127.0.0.2.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start_at(setup: Setup, address: SocketAddr) -> io::Result<Self> {
        Self::run(setup, None, address).await
    }

    /// Starts a name server at an address, for the public zones of a simulated Route 53 and the records elsewhere, as
    /// they change.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn of(simulator: &Simulator, address: SocketAddr) -> io::Result<Self> {
        Self::run(Setup::default(), Some(simulator.clone()), address).await
    }

    async fn run(setup: Setup, simulator: Option<Simulator>, address: SocketAddr) -> io::Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let address = tcp.local_addr()?;
        let own = match address.ip() {
            IpAddr::V4(own) => own,
            IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
        };
        let shared = Arc::new(Shared { setup: Mutex::new(setup), simulator, own, log: Mutex::new(Vec::new()) });
        let task = tokio::spawn(serve(udp, tcp, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every question so far.
    pub fn questions(&self) -> Vec<Question> {
        lock(&self.shared.log).clone()
    }

    /// Changes zones or manner while it runs.
    pub fn change(&self, change: impl FnOnce(&mut Setup)) {
        change(&mut lock(&self.shared.setup));
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn setup(&self) -> Setup {
        let mut setup = lock(&self.setup).clone();
        if let Some(simulator) = &self.simulator {
            setup.zones.extend(simulator.world(|world| world::public_zones(world)));
        }
        setup
    }

    /// The bytes to send for the bytes received; none when it stays silent. `limit` is what fits into a datagram.
    async fn reply(&self, received: &[u8], limit: Option<usize>) -> Option<Vec<u8>> {
        let query = Message::from_vec(received).ok()?;
        self.note(&query, limit.is_none());
        let setup = self.setup();
        tokio::time::sleep(Duration::from_millis(setup.delay_ms)).await;
        let whole = answer(&setup, &query, self.own);
        let bytes = whole.to_vec().ok()?;
        match (setup.manner, limit) {
            (Manner::Silent, _) => None,
            (Manner::Garbage, _) => Some(received.iter().rev().copied().collect()),
            (Manner::Truncating, Some(_)) => whole.truncate().to_vec().ok(),
            (_, Some(limit)) if bytes.len() > limit.max(usize::from(query.max_payload())) => {
                whole.truncate().to_vec().ok()
            }
            _ => Some(bytes),
        }
    }

    fn note(&self, query: &Message, over_tcp: bool) {
        let questions = query.queries.iter().map(|each| Question {
            name: each.name().to_string(),
            kind: each.query_type().to_string(),
            over_tcp,
        });
        lock(&self.log).extend(questions);
    }
}

async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 1;
    loop {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            // Free for TCP does not mean free for UDP.
            Err(_) if address.port() == 0 && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Answers until aborted; what runs then ends with it.
async fn serve(udp: UdpSocket, tcp: TcpListener, shared: Arc<Shared>) {
    let udp = Arc::new(udp);
    let mut running = JoinSet::new();
    let mut datagram = vec![0; 4096];
    loop {
        tokio::select! {
            received = udp.recv_from(&mut datagram) => if let Ok((length, from)) = received {
                running.spawn(answer_datagram(datagram[..length].to_vec(), from, Arc::clone(&udp), Arc::clone(&shared)));
            },
            accepted = tcp.accept() => if let Ok((stream, _)) = accepted {
                running.spawn(answer_stream(stream, Arc::clone(&shared)));
            },
        }
        while running.try_join_next().is_some() {}
    }
}

async fn answer_datagram(
    received: Vec<u8>,
    from: SocketAddr,
    udp: Arc<UdpSocket>,
    shared: Arc<Shared>,
) -> io::Result<()> {
    if let Some(reply) = shared.reply(&received, Some(512)).await {
        udp.send_to(&reply, from).await?;
    }
    Ok(())
}

async fn answer_stream(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut received = vec![0; usize::from(length)];
        stream.read_exact(&mut received).await?;
        if let Some(reply) = shared.reply(&received, None).await {
            stream.write_u16(u16::try_from(reply.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&reply).await?;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
