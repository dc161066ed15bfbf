//! The rules where the vectors are silent: strictness, fallback, both dialects, and assertions that are nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::ErrorKind;
use crate::identity::maker::{KeyPair, bundle};

const NOW: u64 = 1_700_000_000_000;

struct World {
    issuer: KeyPair,
    user: KeyPair,
    rules: BrowserIdRules,
}

impl World {
    fn new() -> Self {
        let rules = BrowserIdRules {
            audiences: vec!["https://other.example.org".into(), "https://token.example.org".into()],
            dialect: Dialect::JavaScript,
            trusted_issuers: Vec::new(),
            fallback: None,
            demands: Demands::Strict,
        };
        Self { issuer: KeyPair::ds128().unwrap(), user: KeyPair::ds128().unwrap(), rules }
    }

    /// An assertion; members that are null are left out.
    fn assertion(&self, certificate: Value, assertion: Value) -> String {
        let with = |mut claims: Value, changes: Value| {
            claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            claims
        };
        let certificate = with(
            json!({"iss": "example.org", "iat": NOW - 10_000, "exp": NOW + 1000, "public-key": self.user.public(),
                "principal": {"email": "user@example.org"}}),
            certificate,
        );
        let assertion = with(json!({"aud": "https://token.example.org", "exp": NOW + 1000}), assertion);
        bundle(&self.issuer.sign(&certificate).unwrap(), &self.user.sign(&assertion).unwrap())
    }

    fn verify(&self, assertion: &str) -> Result<Verified, ErrorKind> {
        let evidence = Evidence {
            issuer_keys: Ok(vec![self.issuer.public().clone()]),
            authority: Ok("example.org".into()),
        };
        verify(assertion, &self.rules, &evidence, NOW).map_err(|error| error.kind)
    }

    fn kind(&self, certificate: Value, assertion: Value) -> Option<ErrorKind> {
        self.verify(&self.assertion(certificate, assertion)).err()
    }
}

#[test]
fn a_good_assertion_is_believed_for_each_of_our_names() {
    let mut world = World::new();
    for dialect in [Dialect::JavaScript, Dialect::PyBrowserId] {
        world.rules.dialect = dialect;
        for audience in &world.rules.audiences {
            let assertion = world.assertion(json!({"fxa-generation": 5}), json!({"aud": audience}));
            let verified = world.verify(&assertion).ok().unwrap();
            assert_eq!(&verified.audience, audience);
            let identity = verified.into_identity().ok().unwrap();
            assert_eq!(identity.email, "user@example.org");
            assert_eq!(identity.account.generation, Some(5));
        }
    }
}

#[test]
fn strictness_demands_an_expiry_and_an_address() {
    let mut world = World::new();
    for missing in [json!(null), json!("1800000000000")] {
        assert_eq!(world.kind(json!({}), json!({"exp": missing})), Some(ErrorKind::Malformed));
        assert_eq!(world.kind(json!({"exp": missing}), json!({})), Some(ErrorKind::Malformed));
    }
    world.rules.trusted_issuers.push("example.org".into());
    assert_eq!(world.kind(json!({"principal": null}), json!({})), Some(ErrorKind::Malformed));
    world.rules.demands = Demands::AsLibraries;
    assert_eq!(world.kind(json!({"principal": null}), json!({"exp": null})), None);
}

#[test]
fn the_dialects_tell_different_faults_first() {
    let mut world = World::new();
    let late = json!({"aud": "https://elsewhere.example.org", "exp": NOW - 1, "iat": NOW + 1});
    assert_eq!(world.kind(json!({}), late.clone()), Some(ErrorKind::IssuedLater));
    assert_eq!(world.kind(json!({}), json!({"iat": NOW + 1})), Some(ErrorKind::IssuedLater));
    world.rules.dialect = Dialect::PyBrowserId;
    assert_eq!(world.kind(json!({}), late), Some(ErrorKind::Audience));
    assert_eq!(world.kind(json!({}), json!({"iat": NOW + 1})), None);
    assert_eq!(world.kind(json!({"iss": "x.example"}), json!({"exp": NOW - 1})), Some(ErrorKind::Expired));
    assert_eq!(world.kind(json!({"iss": "x.example", "exp": NOW - 1}), json!({})), Some(ErrorKind::Issuer));
}

#[test]
fn an_unreachable_issuer_is_told_from_a_false_one() {
    let world = World::new();
    let assertion = world.assertion(json!({}), json!({}));
    let unreachable = IdentityError::new(ErrorKind::IssuerUnreachable, "nobody answers");
    let keys = Ok(vec![world.issuer.public().clone()]);
    for (issuer_keys, authority, kind) in [
        (Err(unreachable.clone()), Ok("example.org".to_owned()), ErrorKind::IssuerUnreachable),
        (keys.clone(), Err(unreachable), ErrorKind::IssuerUnreachable),
        (keys.clone(), Ok("else.example".to_owned()), ErrorKind::Issuer),
        (Ok(Vec::new()), Ok("example.org".to_owned()), ErrorKind::Issuer),
        (Ok(vec![world.user.public().clone()]), Ok("example.org".to_owned()), ErrorKind::Signature),
    ] {
        let evidence = Evidence { issuer_keys, authority };
        assert_eq!(verify(&assertion, &world.rules, &evidence, NOW).err().unwrap().kind, kind);
    }
}

#[test]
fn each_of_an_issuers_keys_is_tried() {
    let world = World::new();
    let keys = vec![world.user.public().clone(), world.issuer.public().clone()];
    let evidence = Evidence { issuer_keys: Ok(keys), authority: Ok("example.org".into()) };
    assert!(verify(&world.assertion(json!({}), json!({})), &world.rules, &evidence, NOW).is_ok());
}

#[test]
fn members_of_the_principal_are_claims_where_the_top_level_has_none() {
    let world = World::new();
    let principal = json!({"email": "user@example.org", "a": 1, "b": 2, "iss": "x"});
    let assertion =
        world.assertion(json!({"principal": principal, "a": 0, "b": 3, "sub": "x"}), json!({"c": 4}));
    let verified = world.verify(&assertion).ok().unwrap();
    assert_eq!(Value::Object(verified.issuer_claims), json!({"a": 1, "b": 3}));
    assert_eq!(Value::Object(verified.user_claims), json!({"c": 4}));
}

/// Documents by their hosts, and how many were asked for.
struct Published {
    documents: Value,
    asked: AtomicUsize,
}

impl Source for Published {
    async fn document(&self, question: &Question) -> Result<SupportDocument, IdentityError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let missing = IdentityError::new(ErrorKind::Issuer, "no document");
        self.documents
            .get(&question.host)
            .ok_or(missing)
            .and_then(|document| SupportDocument::parse(document.to_string().as_bytes()))
    }
}

/// Who speaks for a domain; also how many documents were asked for.
async fn speaker(
    documents: Value,
    domain: &str,
    fallback: Option<&str>,
) -> (Result<Authority, ErrorKind>, usize) {
    let published = Published { documents, asked: AtomicUsize::new(0) };
    let found = look_up(domain, domain, fallback, &published).await;
    (found.map_err(|error| error.kind), published.asked.into_inner())
}

#[tokio::test]
async fn delegation_ends_after_five_hops_and_in_circles() {
    let keys = KeyPair::ds128().unwrap();
    let chain = |hops: usize| {
        let mut documents = json!({format!("h{hops}"): keys.support_document()});
        for hop in 0..hops {
            documents[format!("h{hop}")] = json!({"authority": format!("h{}", hop + 1)});
        }
        speaker(documents, "h0", None)
    };
    assert_eq!(chain(5).await.0.unwrap().host, "h5");
    assert_eq!(chain(6).await, (Err(ErrorKind::Issuer), 6));
    let circle = json!({"a": {"authority": "b"}, "b": {"authority": "a"}});
    assert_eq!(speaker(circle, "a", None).await, (Err(ErrorKind::Issuer), 2));
}

#[tokio::test]
async fn a_fallback_speaks_for_domains_without_a_document_but_not_for_disabled_ones() {
    let keys = KeyPair::ds128().unwrap();
    let documents = json!({"fallback": keys.support_document(), "off": {"disabled": true}});
    let ask = |domain| speaker(documents.clone(), domain, Some("fallback"));
    assert_eq!(ask("nowhere").await.0.unwrap().host, "fallback");
    assert_eq!(ask("off").await.0, Ok(Authority { host: "off".into(), keys: Vec::new() }));
    assert_eq!(speaker(documents, "nowhere", Some("gone")).await, (Err(ErrorKind::Issuer), 2));
}

#[tokio::test]
async fn it_is_asked_who_speaks_for_the_domain_unless_the_issuer_is_trusted() {
    let mut world = World::new();
    let documents = json!({"idp.example.net": world.issuer.support_document()});
    let assertion = world.assertion(json!({"iss": "idp.example.net"}), json!({}));
    let plan = Plan::read(&assertion).unwrap();
    assert_eq!((&*plan.issuer, plan.principal.as_deref()), ("idp.example.net", Some("example.org")));
    let asked = async |plan: &Plan, rules: &BrowserIdRules| {
        let published = Published { documents: documents.clone(), asked: AtomicUsize::new(0) };
        plan.evidence(rules, &published).await;
        published.asked.into_inner()
    };
    assert_eq!(asked(&plan, &world.rules).await, 2);
    world.rules.trusted_issuers.push("idp.example.net".into());
    assert_eq!(asked(&plan, &world.rules).await, 1);
    let own = Plan::read(&world.assertion(json!({}), json!({}))).unwrap();
    assert_eq!(asked(&own, &world.rules).await, 1);
}

#[test]
fn a_time_is_what_javascript_takes_for_a_number() {
    let mut world = World::new();
    let later = NOW + 1;
    for ahead in [json!(later), json!(later.to_string()), json!([later]), json!([[format!(" {later} ")]])] {
        assert_eq!(world.kind(json!({}), json!({"iat": ahead})), Some(ErrorKind::IssuedLater), "{ahead}");
    }
    world.rules.demands = Demands::AsLibraries;
    for past in [json!(" "), json!([]), json!(["1"]), json!([NOW - 1]), json!("0b1"), json!("0x18bcfe567ff")]
    {
        assert_eq!(world.kind(json!({}), json!({"exp": past})), Some(ErrorKind::Expired), "{past}");
    }
    for nothing in [json!("soon"), json!([1, 2]), json!({}), json!([true]), json!("0x+1"), json!(1e300)] {
        assert_eq!(world.kind(json!({}), json!({"exp": nothing})), None, "{nothing}");
    }
}

proptest! {
    #[test]
    fn no_text_is_an_assertion(text in "[a-zA-Z0-9_.~=-]{0,400}") {
        let world = World::new();
        prop_assert!(Plan::read(&text).is_err());
        prop_assert_eq!(world.verify(&text).err(), Some(ErrorKind::Malformed));
    }

    #[test]
    fn a_changed_assertion_is_not_believed(position in 0_usize..2000, letter in "[a-zA-Z0-9_.~-]") {
        let world = World::new();
        let good = world.assertion(json!({}), json!({}));
        let position = position % good.len();
        let changed = format!("{}{letter}{}", &good[..position], &good[position + 1..]);
        // The last letter of each base64url part has bits that mean nothing.
        let parts = |text: &str| text.split(['.', '~']).map(crate::identity::encoding::decode).collect::<Vec<_>>();
        prop_assume!(parts(&changed) != parts(&good));
        prop_assert!(world.verify(&changed).is_err());
    }
}
