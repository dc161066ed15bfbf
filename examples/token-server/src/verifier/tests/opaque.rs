//! Bearer tokens that only their accounts server can judge.

use super::*;

#[tokio::test]
async fn the_accounts_server_is_asked_about_a_token_that_is_no_jwt() {
    let host = Host::start(|path| {
        assert_eq!(path, "/v1/verify");
        answer(&json!({"user": "0123", "client_id": "c", "scope": [SCOPE], "generation": 7}).to_string())
    })
    .await;
    let pool = Pool::start();
    let mut verifier = pool.verifier(&host, None);
    let ask = async |verifier: &Verifier| verifier.verify_bearer("0123abcd", None, None, now()).await;
    assert_eq!(refusal(ask(&verifier).await.err().unwrap()), ErrorKind::Malformed, "nobody to ask");
    let url = format!("https://{}/v1/verify", host.name()).parse().unwrap();
    verifier.opaque = Some((fetcher(&[host.root()]), url));
    let identity = ask(&verifier).await.ok().unwrap().identity;
    assert_eq!(identity.email, format!("0123@{}", host.name()));
    assert_eq!((identity.account.generation, host.asked()), (Some(7), 1));
    for (status, kind) in [
        ("400 Bad Request", ErrorKind::Issuer),
        ("307 Elsewhere", ErrorKind::Issuer),
        ("503 Later", ErrorKind::IssuerUnreachable),
    ] {
        host.answer_with(move |_| http(status, "content-type: application/json\r\n", "{}"));
        assert_eq!(refusal(ask(&verifier).await.err().unwrap()), kind, "{status}");
    }
    host.answer_with(|_| answer("{}"));
    assert_eq!(refusal(ask(&verifier).await.err().unwrap()), ErrorKind::Malformed);
}
