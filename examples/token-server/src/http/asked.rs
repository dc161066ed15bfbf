//! What a request for a token says in its path, query and headers. Pure: nothing is verified here.

use axum::http::{HeaderMap, StatusCode, header};

use super::answer::{Problem, Scheme};
use crate::behaviour::Behaviour;
use crate::identity::{KeyId, KeyIdError};

const CLIENT_STATE: &str = "X-Client-State";
const KEY_ID: &str = "X-KeyID";
/// Hexadecimal digits that a client state has at most.
const CLIENT_STATE_DIGITS_MAX: usize = 32;

/// An application and its version, as `sync` and `1.5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Application {
    /// What the database calls it.
    #[must_use]
    pub fn service(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Refuses what is not among the `known`.
    ///
    /// # Errors
    /// 404, naming the part that is unknown.
    pub fn check(&self, known: &[Application]) -> Result<(), Problem> {
        let unsupported = |name: &str, description| {
            Problem::new(StatusCode::NOT_FOUND, "error", "url", description).named(name)
        };
        if !known.iter().any(|known| known.name == self.name) {
            return Err(unsupported("application", "Unsupported application"));
        }
        if !known.contains(self) {
            // It is the client's own text: cut, for it stands in the answer.
            let version: String = self.version.chars().take(32).collect();
            return Err(unsupported(&version, "Unsupported application version"));
        }
        Ok(())
    }
}

/// What shows who asks. Without `Debug`: this is what must not be logged.
pub(super) struct Credentials {
    /// What kind of.
    pub(super) scheme: Scheme,
    /// The assertion or the bearer token.
    pub(super) text: String,
}

impl Credentials {
    /// Reads the header.
    ///
    /// # Errors
    /// 401 where there is none, or another scheme.
    pub(super) fn read(headers: &HeaderMap, behaviour: Behaviour) -> Result<Credentials, Problem> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let words = value.and_then(|value| value.trim().split_once(char::is_whitespace));
        let Some((scheme, text)) = words else { return Err(Problem::unauthorized("error")) };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "browserid" => Scheme::BrowserId,
            "bearer" => Scheme::Bearer,
            _ => {
                let unsupported = Problem::new(StatusCode::UNAUTHORIZED, "error", "body", "Unsupported");
                return Err(match behaviour {
                    Behaviour::Original => unsupported.challenge("BrowserID"),
                    Behaviour::Successor => unsupported,
                });
            }
        };
        Ok(Credentials { scheme, text: text.trim_start().to_owned() })
    }
}

/// Which keys the client has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keys {
    /// What the client says of them beside a bearer token.
    pub(super) key_id: Option<KeyId>,
    /// In hexadecimal digits as the client wrote them, an even number; empty if there is none.
    pub(super) client_state: String,
}

impl Keys {
    /// Reads `X-Client-State` and, beside a bearer token, `X-KeyID`.
    ///
    /// # Errors
    /// 400 for what is no client state, 401 for what is no key id or is another one than the client state says.
    pub(super) fn read(headers: &HeaderMap, scheme: Scheme, behaviour: Behaviour) -> Result<Keys, Problem> {
        let written = client_state(headers, behaviour)?;
        if scheme == Scheme::BrowserId {
            return Ok(Keys { key_id: None, client_state: written.unwrap_or_default() });
        }
        let Some(key_id) = headers.get(KEY_ID) else {
            return match behaviour {
                Behaviour::Original => Ok(Keys { key_id: None, client_state: written.unwrap_or_default() }),
                Behaviour::Successor => Err(Problem::new(
                    StatusCode::UNAUTHORIZED,
                    "invalid-key-id",
                    "header",
                    "Missing X-KeyID header",
                )),
            };
        };
        let key_id = key_id.to_str().map_err(|_| Problem::unauthorized("invalid-credentials"))?;
        if behaviour == Behaviour::Successor && key_id.ends_with('=') {
            return Err(Problem::unauthorized("invalid-credentials"));
        }
        let key_id = KeyId::parse(key_id).map_err(|error| match error {
            KeyIdError::Malformed => Problem::unauthorized("invalid-credentials"),
            KeyIdError::ClientStateLength => Problem::bad_client_state(),
        })?;
        let client_state = hex::encode(&key_id.client_state);
        match written {
            Some(written) if written != client_state => Err(Problem::invalid_client_state()),
            _ => Ok(Keys { key_id: Some(key_id), client_state }),
        }
    }
}

/// The header's value, if it is there. An even number of hexadecimal digits, for it goes into tokens as bytes.
///
/// # Errors
/// 400
pub(super) fn client_state(headers: &HeaderMap, behaviour: Behaviour) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(CLIENT_STATE) else { return Ok(None) };
    let state = value.to_str().map_err(|_| Problem::bad_client_state())?;
    let is_form = state.len() <= CLIENT_STATE_DIGITS_MAX && hex::decode(state).is_ok();
    match behaviour {
        Behaviour::Successor if state.is_empty() => Err(Problem::bad_client_state()),
        _ if !is_form => Err(Problem::bad_client_state()),
        Behaviour::Original | Behaviour::Successor => Ok(Some(state.to_owned())),
    }
}

/// How long the token shall live: what the client asks for, if that is less than what it would get.
#[must_use]
pub(super) fn duration_seconds(query: Option<&str>, granted: u64) -> u64 {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let asked = pairs.filter(|(name, _)| name == "duration").last();
    let asked = asked.and_then(|(_, value)| value.trim().parse().ok());
    // 0 would be a token that has expired already.
    asked.filter(|asked| (1..granted).contains(asked)).unwrap_or(granted)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;
    use Behaviour::{Original, Successor};

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    fn keys(pairs: &[(&str, &str)], scheme: Scheme, behaviour: Behaviour) -> Result<Keys, Problem> {
        Keys::read(&headers(pairs), scheme, behaviour)
    }

    fn refusal(behaviour: Behaviour, value: &str) -> Option<Problem> {
        Credentials::read(&headers(&[("authorization", value)]), behaviour).err()
    }

    #[test]
    fn a_client_state_is_an_even_number_of_digits_kept_as_they_are() {
        for (state, read) in [("BBbb", true), ("", true), ("b", false), ("bb-b", false), ("xyxy", false)] {
            let read_now = keys(&[(CLIENT_STATE, state)], Scheme::BrowserId, Original);
            match read {
                true => assert_eq!(read_now.unwrap().client_state, state),
                false => assert_eq!(read_now, Err(Problem::bad_client_state()), "{state}"),
            }
        }
        let long = "b".repeat(34);
        assert!(keys(&[(CLIENT_STATE, &long)], Scheme::BrowserId, Original).is_err());
        assert!(keys(&[(CLIENT_STATE, "")], Scheme::BrowserId, Successor).is_err());
        assert_eq!(keys(&[], Scheme::BrowserId, Successor), Ok(Keys::default()));
    }

    #[test]
    fn a_key_id_says_when_the_keys_were_changed() {
        let key_id = KeyId { keys_changed_at: 1234, client_state: vec![0xaa, 0xbb] };
        let wanted = Keys { key_id: Some(key_id), client_state: "aabb".to_owned() };
        for behaviour in [Original, Successor] {
            let both = [(KEY_ID, "1234-qrs"), (CLIENT_STATE, "aabb")];
            assert_eq!(keys(&both[..1], Scheme::Bearer, behaviour), Ok(wanted.clone()));
            assert_eq!(keys(&both, Scheme::Bearer, behaviour), Ok(wanted.clone()));
            let other = [(KEY_ID, "1234-qrs"), (CLIENT_STATE, "AABB")];
            assert_eq!(keys(&other, Scheme::Bearer, behaviour), Err(Problem::invalid_client_state()));
            let empty = [(KEY_ID, "1234-")];
            assert_eq!(keys(&empty, Scheme::Bearer, behaviour), Err(Problem::bad_client_state()));
        }
        assert_eq!(keys(&[(KEY_ID, "1234-qrs=")], Scheme::Bearer, Original), Ok(wanted));
        assert!(keys(&[(KEY_ID, "1234-qrs=")], Scheme::Bearer, Successor).is_err());
        assert_eq!(keys(&[], Scheme::Bearer, Original), Ok(Keys::default()));
        assert!(keys(&[], Scheme::Bearer, Successor).is_err());
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let read = Credentials::read(&headers(&[("authorization", "bROWSERID  x~y")]), Successor).unwrap();
        assert_eq!((read.scheme, read.text.as_str()), (Scheme::BrowserId, "x~y"));
        assert_eq!(refusal(Successor, "Bearer"), Some(Problem::unauthorized("error")));
        assert_ne!(refusal(Original, "Basic x"), refusal(Successor, "Basic x"));
    }

    #[test]
    fn a_shorter_life_can_be_asked_for() {
        for (query, seconds) in
            [("", 300), ("duration=12", 12), ("duration=0", 300), ("duration=301", 300), ("duration=x", 300)]
        {
            assert_eq!(duration_seconds(Some(query), 300), seconds, "{query}");
        }
        for query in ["duration=%31%32", "duration=+12", "x=1&duration=7&duration=12&y"] {
            assert_eq!(duration_seconds(Some(query), 300), 12, "{query}");
        }
        assert_eq!(duration_seconds(None, 300), 300);
    }
}
