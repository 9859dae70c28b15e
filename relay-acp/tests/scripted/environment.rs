//! What an agent sees of the gateway.

use crate::chat::Gateway;

#[tokio::test]
async fn nothing_of_the_gateways_environment_but_what_every_program_needs() {
    let gateway = Gateway::with("", |settings| {
        let mut environment = settings.environment().clone();
        environment.set("GEMINI_API_KEY", "abcdefgh");
        environment.set("GATEWAY_RELAY_SECRET", "never");
        settings.with_environment(environment)
    });
    let names = gateway.chat("1").hears("env").await;
    // This test's own process has plenty more, such as CARGO.
    assert!(std::env::vars().any(|(name, _)| name == "CARGO_MANIFEST_DIR"));
    let allowed =
        ["HOME", "PATH", "LANG", "TERM", "TZ", "SCRIPT", "STORE", "GEMINI_API_KEY", "RELAY_AGENT_RUN"];
    for name in names.split(' ') {
        assert!(allowed.contains(&name) || name.to_lowercase().ends_with("_proxy"), "{name}");
    }
    assert!(names.contains("GEMINI_API_KEY"));
}
