//! How a proxy takes a connection: the TLS versions, suites and client certificates that it is told to want.

use std::io;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::certificate::{Authority, Issued};
use super::{Setup, Transport};

/// The server side of TLS for a setup.
pub(super) fn config(setup: &Setup, authority: &Authority, issued: &Issued) -> io::Result<ServerConfig> {
    let provider = Arc::new(provider(&setup.cipher_suites));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(setup.transport))
        .map_err(io::Error::other)?;
    let builder = if setup.transport == Transport::ClientCertificate {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root_der()).map_err(io::Error::other)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
    } else {
        builder.with_no_client_auth()
    };
    let mut config =
        builder.with_single_cert(issued.chain.clone(), issued.key.clone_key()).map_err(io::Error::other)?;
    let protocol: &[u8] = if setup.transport == Transport::Http2Only { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

fn versions(transport: Transport) -> &'static [&'static SupportedProtocolVersion] {
    static OLD: &[&SupportedProtocolVersion] = &[&version::TLS12];
    static NEW: &[&SupportedProtocolVersion] = &[&version::TLS13];
    static BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
    match transport {
        Transport::Tls12Only => OLD,
        Transport::Tls13Only => NEW,
        _ => BOTH,
    }
}

/// All cipher suites, or those with the given IANA names.
fn provider(names: &[String]) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if !names.is_empty() {
        // rustls marks suites of TLS 1.3 in their names, IANA does not.
        let iana = |name: &str| name.replace("TLS13_", "TLS_");
        provider.cipher_suites.retain(|suite| {
            let suite = suite.suite().as_str().map(iana);
            suite.is_some_and(|suite| names.contains(&suite))
        });
    }
    provider
}

/// Answers a ClientHello as a server does that knows nothing newer than TLS 1.1. Clients of today end it there.
pub(super) async fn answer_with_tls11(mut stream: TcpStream) -> io::Result<()> {
    read_hello(&mut stream).await?;
    let mut hello = vec![0x03, 0x02]; // version 1.1
    hello.extend([0x5a; 32]); // random
    hello.extend([0, 0x00, 0x2f, 0]); // no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    let mut record = vec![0x16, 0x03, 0x02, 0, (hello.len() + 4) as u8]; // a handshake record
    record.extend([0x02, 0, 0, hello.len() as u8]); // a ServerHello
    record.extend(hello);
    stream.write_all(&record).await?;
    wait_for_the_end(stream).await
}

/// Answers a ClientHello with the fatal alert `unrecognized_name`.
pub(super) async fn refuse_the_name(mut stream: TcpStream) -> io::Result<()> {
    read_hello(&mut stream).await?;
    stream.write_all(&[0x15, 0x03, 0x03, 0, 2, 2, 112]).await?;
    wait_for_the_end(stream).await
}

async fn read_hello(stream: &mut TcpStream) -> io::Result<()> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    stream.read_exact(&mut vec![0; length]).await.map(|_| ())
}

/// Begins as HTTP/2 does, with empty SETTINGS, and has nothing to say to who speaks HTTP/1.1.
pub(super) async fn speak_http2(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    stream.flush().await?;
    wait_for_the_end(stream).await
}

/// Reads until the other side closes.
pub(super) async fn wait_for_the_end(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| ())
}
