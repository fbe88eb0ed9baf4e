//! External keys: GetKeyMetadata, Encrypt and Decrypt, with real AES-256-GCM.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, rand};
use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::api::Refusal;
use super::{Key, Setup, Store};

/// What a proxy must take at least, and this one takes at most.
const LONGEST_TEXT: usize = 4300;
const LONGEST_AAD: usize = 8192;
const LONGEST_METADATA: usize = 20;

pub(super) fn metadata(setup: &Setup, store: &Store, id: &str) -> Result<Value, Refusal> {
    let key = find(setup, store, id)?;
    let status = if key.enabled { "ENABLED" } else { "DISABLED" };
    Ok(json!({"keySpec": key.spec, "keyUsage": key.usage, "keyStatus": status}))
}

pub(super) fn encrypt(setup: &Setup, store: &Store, id: &str, input: &Value) -> Result<Value, Refusal> {
    let key = usable(setup, store, id, "ENCRYPT", input)?;
    let mut text = need(input, "plaintext", LONGEST_TEXT)?;
    let aad = bytes(input, "additionalAuthenticatedData", LONGEST_AAD)?.unwrap_or_default();
    let integrity = match input["ciphertextDataIntegrityValueAlgorithm"].as_str() {
        None if input["ciphertextDataIntegrityValueAlgorithm"].is_null() => false,
        Some("SHA_256") => true,
        _ => return Err(Refusal::invalid("ciphertextDataIntegrityValueAlgorithm is not SHA_256")),
    };
    let mut iv = [0; NONCE_LEN];
    rand::fill(&mut iv).map_err(|_| internal())?;
    let metadata = key.ciphertext_metadata.clone().unwrap_or_default().into_bytes();
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(whole_aad(&aad, &metadata)), &mut text)
        .map_err(|_| internal())?;
    let mut answer = json!({
        "ciphertext": base64::encode(&text),
        "initializationVector": base64::encode(iv),
        "authenticationTag": base64::encode(tag.as_ref()),
    });
    if !metadata.is_empty() {
        answer["ciphertextMetadata"] = json!(base64::encode(&metadata));
    }
    if integrity {
        let whole = [&aad[..], &metadata, &iv, &text, tag.as_ref()].concat();
        let value = base64::encode(digest::digest(&digest::SHA256, &whole));
        answer["ciphertextDataIntegrityValue"] = json!(value);
    }
    Ok(answer)
}

pub(super) fn decrypt(setup: &Setup, store: &Store, id: &str, input: &Value) -> Result<Value, Refusal> {
    let key = usable(setup, store, id, "DECRYPT", input)?;
    let mut text = need(input, "ciphertext", LONGEST_TEXT)?;
    let aad = bytes(input, "additionalAuthenticatedData", LONGEST_AAD)?.unwrap_or_default();
    let metadata = bytes(input, "ciphertextMetadata", LONGEST_METADATA)?.unwrap_or_default();
    let iv = need(input, "initializationVector", 16)?;
    let tag = need(input, "authenticationTag", 16)?;
    if !matches!(iv.len(), 12 | 16) || tag.len() != 16 {
        return Err(Refusal::invalid("initializationVector has 12 or 16 bytes, authenticationTag has 16"));
    }
    // Every vector of ours has 12 bytes, so that a longer one cannot be right.
    let nonce = Nonce::try_assume_unique_for_key(&iv).map_err(|_| corrupt())?;
    text.extend(tag);
    let plain =
        cipher(key)?.open_in_place(nonce, Aad::from(whole_aad(&aad, &metadata)), &mut text).map_err(|_| corrupt())?;
    Ok(json!({"plaintext": base64::encode(plain)}))
}

/// Both parts with their lengths, as the specification wants them, so that neither passes for the other.
fn whole_aad(aad: &[u8], metadata: &[u8]) -> Vec<u8> {
    let aad_length = u16::try_from(aad.len()).unwrap_or(u16::MAX).to_be_bytes();
    let metadata_length = u8::try_from(metadata.len()).unwrap_or(u8::MAX).to_be_bytes();
    [&aad_length[..], aad, &metadata_length, metadata].concat()
}

/// The same id is the same key on every proxy and in every run.
fn cipher(key: &Key) -> Result<LessSafeKey, Refusal> {
    let bytes = digest::digest(&digest::SHA256, format!("simulated external key {}", key.id).as_bytes());
    UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map(LessSafeKey::new).map_err(|_| internal())
}

fn find<'a>(setup: &Setup, store: &'a Store, id: &str) -> Result<&'a Key, Refusal> {
    if setup.is_unavailable() {
        return Err(Refusal::new(503, "DependencyTimeoutException", "no external key manager answers"));
    }
    let key = store.keys.iter().find(|key| key.id == id);
    key.ok_or_else(|| Refusal::new(404, "KeyNotFoundException", "the external key does not exist"))
}

fn usable<'a>(setup: &Setup, store: &'a Store, id: &str, usage: &str, input: &Value) -> Result<&'a Key, Refusal> {
    let key = find(setup, store, id)?;
    if input["encryptionAlgorithm"] != "AES_GCM" {
        return Err(Refusal::invalid("encryptionAlgorithm is not AES_GCM"));
    }
    for member in ["awsPrincipalArn", "kmsKeyArn"] {
        if !input["requestMetadata"][member].is_string() {
            return Err(Refusal::invalid(format!("requestMetadata lacks {member}")));
        }
    }
    if !key.enabled {
        return Err(Refusal::new(400, "InvalidStateException", "the external key is disabled"));
    }
    if key.spec != "AES_256" || !key.usage.iter().any(|each| each == usage) {
        return Err(Refusal::new(400, "InvalidKeyUsageException", "the external key is not for this operation"));
    }
    Ok(key)
}

fn need(input: &Value, member: &str, longest: usize) -> Result<Vec<u8>, Refusal> {
    bytes(input, member, longest)?.ok_or_else(|| Refusal::invalid(format!("{member} is missing")))
}

fn bytes(input: &Value, member: &str, longest: usize) -> Result<Option<Vec<u8>>, Refusal> {
    if input[member].is_null() {
        return Ok(None);
    }
    let decoded = input[member].as_str().and_then(|text| base64::decode(text).ok());
    let decoded = decoded.ok_or_else(|| Refusal::invalid(format!("{member} is not Base64")))?;
    if decoded.len() > longest {
        let message = format!("{member} has more than {longest} bytes");
        return Err(Refusal::new(501, "UnsupportedOperationException", message));
    }
    Ok(Some(decoded))
}

fn corrupt() -> Refusal {
    Refusal::new(400, "InvalidCiphertextException", "the ciphertext or what belongs to it is corrupted")
}

fn internal() -> Refusal {
    Refusal::new(500, "InternalException", "the cipher failed")
}
