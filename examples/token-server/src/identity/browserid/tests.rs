//! The rules where the vectors are silent: strictness, fallback, both dialects, and assertions that are nothing.

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

/// Follows a look-up through these documents; also how many were asked for.
fn follow(mut step: Step, documents: &Value) -> (Result<Authority, ErrorKind>, usize) {
    for asked in 0.. {
        match step {
            Step::Found(authority) => return (Ok(authority), asked),
            Step::Failed(error) => return (Err(error.kind), asked),
            Step::Ask(lookup) => {
                let missing = IdentityError::new(ErrorKind::Issuer, "no document");
                let document = documents.get(&lookup.question().host).ok_or(missing);
                step = lookup.answered(document.and_then(SupportDocument::from_value));
            }
        }
    }
    unreachable!("the loop returns")
}

#[test]
fn delegation_ends_after_five_hops_and_in_circles() {
    let keys = KeyPair::ds128().unwrap();
    let chain = |hops: usize| {
        let mut documents = json!({format!("h{hops}"): keys.support_document()});
        for hop in 0..hops {
            documents[format!("h{hop}")] = json!({"authority": format!("h{}", hop + 1)});
        }
        follow(Lookup::start("h0", None, None), &documents)
    };
    assert_eq!(chain(5).0.unwrap().host, "h5");
    assert_eq!(chain(6), (Err(ErrorKind::Issuer), 6));
    let circle = json!({"a": {"authority": "b"}, "b": {"authority": "a"}});
    assert_eq!(follow(Lookup::start("a", None, None), &circle), (Err(ErrorKind::Issuer), 2));
}

#[test]
fn a_fallback_speaks_for_domains_without_a_document_but_not_for_disabled_ones() {
    let keys = KeyPair::ds128().unwrap();
    let documents = json!({"fallback": keys.support_document(), "off": {"disabled": true}});
    let ask = |domain: &str| follow(Lookup::start(domain, None, Some("fallback")), &documents).0;
    assert_eq!(ask("nowhere").unwrap().host, "fallback");
    assert_eq!(ask("off"), Ok(Authority { host: "off".into(), keys: Vec::new() }));
    let nothing = follow(Lookup::start("nowhere", None, Some("gone")), &documents);
    assert_eq!(nothing, (Err(ErrorKind::Issuer), 2));
}

#[test]
fn a_plan_asks_who_speaks_for_the_domain_unless_the_issuer_is_trusted() {
    let mut world = World::new();
    let assertion = world.assertion(json!({"iss": "idp.example.net"}), json!({}));
    let plan = Plan::read(&assertion).unwrap();
    assert_eq!((&*plan.issuer, plan.principal.as_deref()), ("idp.example.net", Some("example.org")));
    assert!(plan.authority_lookup(&world.rules).is_some());
    world.rules.trusted_issuers.push("idp.example.net".into());
    assert!(Plan::read(&assertion).unwrap().authority_lookup(&world.rules).is_none());
    let own = world.assertion(json!({}), json!({}));
    assert!(Plan::read(&own).unwrap().authority_lookup(&world.rules).is_none());
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
