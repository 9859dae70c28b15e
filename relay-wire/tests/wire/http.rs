//! The bodies of the HTTP routes.

use relay_wire::{
    EnrollRequest, EnrollResponse, ErrorBody, MediaResponse, PolicyRequest, ProvisionRequest,
    ProvisionResponse,
};
use serde_json::from_str;

#[test]
fn requests_are_written_in_the_connectors_own_names() {
    let provision = ProvisionRequest {
        gateway_id: "gw".into(),
        platform: "discord".into(),
        bot_id: "b".into(),
        gateway_endpoint: "https://gw".into(),
        route_keys: vec!["g".into()],
        instance_id: Some("i".into()),
        wake_url: Some("https://wake".into()),
    };
    assert_eq!(
        serde_json::to_string(&provision).expect("plain data"),
        concat!(
            r#"{"gatewayId":"gw","platform":"discord","botId":"b","gatewayEndpoint":"https://gw","#,
            r#""routeKeys":["g"],"instanceId":"i","wakeUrl":"https://wake"}"#
        )
    );
    let enroll = EnrollRequest { enrollment_token: "t".into(), gateway_id: "gw".into() };
    assert_eq!(
        serde_json::to_string(&enroll).expect("plain data"),
        r#"{"enrollmentToken":"t","gatewayId":"gw"}"#
    );
    let policy = PolicyRequest {
        platform: "discord".into(),
        require_address: true,
        free_response_scopes: vec!["c".into()],
        allow_other_bots: false,
    };
    assert_eq!(
        serde_json::to_string(&policy).expect("plain data"),
        r#"{"platform":"discord","requireAddress":true,"freeResponseScopes":["c"],"allowOtherBots":false}"#
    );
}

#[test]
fn responses_read_whole_and_tolerate_what_they_do_not_know() {
    let provision: ProvisionResponse = from_str(
        r#"{"secret":"s","deliveryKey":"d","tenant":"t","gatewayId":"gw","routeKeys":["a",null,"b"],"later":{}}"#,
    )
    .expect("the response is whole");
    assert_eq!((provision.secret.as_str(), provision.delivery_key.as_str()), ("s", "d"));
    assert_eq!((provision.tenant.as_str(), provision.gateway_id.as_str()), ("t", "gw"));
    assert_eq!(provision.route_keys, ["a", "b"]);
    let media: MediaResponse = from_str(r#"{"id":"m","size":7}"#).expect("the response is whole");
    assert_eq!((media.id.as_str(), media.size), ("m", 7));
}

#[test]
fn a_response_needs_its_secret_and_nothing_else() {
    for rest in ["", r#","deliveryKey":null,"tenant":[],"gatewayId":{},"routeKeys":null"#] {
        let json = format!(r#"{{"secret":"s"{rest}}}"#);
        let provision: ProvisionResponse = from_str(&json).expect("the secret is there");
        assert_eq!((provision.delivery_key.as_str(), provision.route_keys.len()), ("", 0));
        let enroll: EnrollResponse = from_str(&json).expect("the secret is there");
        assert_eq!((enroll.secret.as_str(), enroll.tenant.as_str()), ("s", ""));
    }
    for json in ["{}", r#"{"secret":null}"#, r#"{"secret":7}"#] {
        assert!(from_str::<ProvisionResponse>(json).is_err(), "{json}");
        assert!(from_str::<EnrollResponse>(json).is_err(), "{json}");
    }
    assert!(from_str::<MediaResponse>(r#"{"size":1}"#).is_err(), "a file without an id cannot be fetched");
}

#[test]
fn an_error_body_of_any_shape_reads() {
    for (json, error) in
        [(r#"{"error":"no"}"#, "no"), ("{}", ""), (r#"{"error":{"code":1}}"#, ""), (r#"{"error":null}"#, "")]
    {
        assert_eq!(from_str::<ErrorBody>(json).expect("any object reads").error, error);
    }
}
