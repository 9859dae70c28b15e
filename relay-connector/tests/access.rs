//! Who may talk: strangers, owners, lists and groups, whatever the platform.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::UnixSeconds;
use relay_connector::{
    AccessDecision, AccessPolicy, AccessReply, ChatAccess, GroupRule, MemoryStore, PairingCode, PeopleRule,
    PersonRole, Random,
};
use relay_runtime::TestClock;
use relay_wire::{ChatType, Source};

const HOUR: Duration = Duration::from_hours(1);

/// An access, and the clock that it goes by.
struct Door {
    access: ChatAccess,
    now: TestClock,
    store: Arc<MemoryStore>,
}

impl Door {
    fn new(policy: AccessPolicy) -> Self {
        let (now, store) = (TestClock::new(UnixSeconds(1_000_000)), Arc::new(MemoryStore::default()));
        let access = open(&store, &now, policy);
        Self { access, now, store }
    }

    /// The same store, seen by another process.
    fn seen_again(&self, policy: AccessPolicy) -> ChatAccess {
        open(&self.store, &self.now, policy)
    }

    fn pass(&self, time: Duration) {
        self.now.advance(time);
    }

    async fn says(&self, user: &str, text: &str) -> AccessDecision {
        self.access.judge(&private(user), text).await.expect("a store")
    }

    async fn says_in_group(&self, user: &str, text: &str) -> AccessDecision {
        self.access.judge(&group(user), text).await.expect("a store")
    }

    /// Lets somebody become the owner.
    async fn owner(&self, user: &str) {
        let code = self.access.make_owner_code(HOUR).await.expect("a code");
        let told = told(self.says(user, &format!("/start {}", code.compact())).await);
        assert!(told[0].text.contains("You are the owner now"), "{told:?}");
    }
}

fn open(store: &Arc<MemoryStore>, now: &TestClock, policy: AccessPolicy) -> ChatAccess {
    let store = Arc::clone(store);
    ChatAccess::new(store, "sms", policy, now.clock(), Random::seeded(7))
}

fn private(user: &str) -> Source {
    Source {
        platform: "sms".into(),
        chat_id: format!("chat-{user}"),
        chat_type: ChatType::Dm,
        user_id: Some(user.to_owned()),
        user_name: Some(format!("Ms {user}")),
        ..Source::default()
    }
}

fn group(user: &str) -> Source {
    Source {
        chat_id: "the group".into(),
        chat_name: Some("Friends\u{202e}".into()),
        chat_type: ChatType::Group,
        ..private(user)
    }
}

fn told(decision: AccessDecision) -> Vec<AccessReply> {
    match decision {
        AccessDecision::Withheld(replies) => replies,
        AccessDecision::Admitted => panic!("it was passed on"),
    }
}

/// The code in a line.
fn code_in(text: &str) -> PairingCode {
    text.split_whitespace().find_map(|word| word.parse().ok()).expect("a code")
}

#[tokio::test]
async fn a_stranger_gets_one_line_with_a_code_that_the_owner_approves() {
    let door = Door::new(AccessPolicy::default());
    door.owner("ann").await;
    assert!(door.says("ann", "hello").await.is_admitted());
    let lines = told(door.says("bob", "hello").await);
    assert_eq!(lines.len(), 1);
    let code = code_in(&lines[0].text);
    assert!(told(door.says("bob", "hello??").await).is_empty(), "told once in a while");
    door.pass(Duration::from_mins(11));
    assert_eq!(code_in(&told(door.says("bob", "hello???").await)[0].text), code, "the same code again");

    let waiting = told(door.says("ann", "/pair").await);
    assert!(waiting[0].text.contains(&format!("{code}: Ms bob")), "{waiting:?}");
    let lines = told(door.says("ann", &format!("/pair {code}")).await);
    assert_eq!(lines[0].text, "Ms bob may talk to the agent now.");
    assert_eq!((lines[1].chat_id.as_str(), lines[1].text.contains("let in")), ("chat-bob", true));
    assert!(door.says("bob", "hello").await.is_admitted());

    // And one who was let in lets nobody in.
    let eve = code_in(&told(door.says("eve", "hi").await)[0].text);
    let refused = told(door.says("bob", &format!("/pair {eve}")).await);
    assert!(refused[0].text.starts_with("Only the owner"), "{refused:?}");
    assert!(!door.says("eve", "hi").await.is_admitted());
}

#[tokio::test]
async fn the_operator_approves_lists_and_removes_from_another_process() {
    let door = Door::new(AccessPolicy::default());
    let operator = door.seen_again(AccessPolicy::default());
    assert!(!operator.has_owner().await.expect("a store"));
    let code = code_in(&told(door.says("bob", "hello").await)[0].text);
    assert_eq!(operator.pending().await.expect("a store")[0].code, code);
    let approved = operator.approve(&code).await.expect("a store").expect("somebody waits");
    assert_eq!((approved.id.as_str(), approved.role), ("bob", PersonRole::Member));
    assert!(door.says("bob", "hello").await.is_admitted());
    assert!(operator.approve(&code).await.expect("a store").is_none(), "a code is good once");
    assert_eq!(operator.people().await.expect("a store").len(), 1);
    assert!(operator.remove("bob").await.expect("a store"));
    assert!(!door.says("bob", "hello").await.is_admitted());
    assert!(!operator.remove("bob").await.expect("a store"));
}

#[tokio::test]
async fn a_code_ends_after_an_hour_and_an_owners_code_when_it_should() {
    let door = Door::new(AccessPolicy::default());
    let code = code_in(&told(door.says("bob", "hello").await)[0].text);
    let owners = door.access.make_owner_code(HOUR).await.expect("a code");
    door.pass(HOUR);
    assert!(door.access.approve(&code).await.expect("a store").is_none());
    let again = told(door.says("bob", &owners.to_string()).await);
    assert_ne!(code_in(&again[0].text), code, "a stranger still, with a new code");
    assert!(!door.access.has_owner().await.expect("a store"));
}

#[tokio::test]
async fn an_owners_code_is_shown_in_any_form_and_only_once() {
    for form in ["{}", "/pair {}", "/start {}", "  {}  "] {
        let door = Door::new(AccessPolicy::default());
        let code = door.access.make_owner_code(HOUR).await.expect("a code");
        let text = form.replace("{}", &code.to_string().to_lowercase());
        assert!(told(door.says("ann", &text).await)[0].text.contains("owner now"), "{form}");
        assert!(!told(door.says("bob", &text).await)[0].text.contains("owner now"), "{form}");
    }
}

#[tokio::test]
async fn guessing_is_bounded_for_each_stranger_and_for_all_of_them() {
    let door = Door::new(AccessPolicy::default());
    let code = door.access.make_owner_code(Duration::from_hours(24)).await.expect("a code");
    for _ in 0..5 {
        door.says("eve", "AAAA-AAAA").await;
    }
    for form in ["{}", "/pair {}", "/start {}"] {
        let text = form.replace("{}", &code.to_string());
        assert!(told(door.says("eve", &text).await).is_empty(), "not even the right one after five");
    }
    door.pass(HOUR);
    assert!(told(door.says("eve", &code.to_string()).await)[0].text.contains("owner now"), "an hour later");

    let code = door.access.make_owner_code(Duration::from_hours(24)).await.expect("a code");
    for stranger in 0..1_000 {
        door.says(&format!("s{stranger}"), "BBBB-BBBB").await;
    }
    assert!(
        !told(door.says("late", &code.to_string()).await).iter().any(|line| line.text.contains("owner now"))
    );
}

#[tokio::test]
async fn a_flood_of_strangers_drives_nobodys_code_away_and_keeps_the_owner_in() {
    let door = Door::new(AccessPolicy::default());
    door.owner("ann").await;
    let bob = code_in(&told(door.says("bob", "hello").await)[0].text);
    for stranger in 0..1_000 {
        door.says(&format!("s{stranger}"), "buy this").await;
    }
    assert_eq!(door.access.pending().await.expect("a store").len(), 100);
    assert!(told(door.says("late", "hello").await).is_empty(), "no room, and not a word");
    assert!(door.says("ann", "hello").await.is_admitted());
    assert!(told(door.says("ann", &format!("/pair {bob}")).await)[0].text.contains("may talk"));
    door.pass(HOUR);
    assert_eq!(told(door.says("late", "hello").await).len(), 1, "room again");
    assert_eq!(door.access.pending().await.expect("a store").len(), 1, "the old ones are gone");
}

#[tokio::test]
async fn names_of_strangers_are_harmless_where_they_are_shown() {
    let door = Door::new(AccessPolicy::default());
    let mut source = private("eve");
    source.user_name = Some("\u{1b}[2J\u{202e}ABCD-EFGH: Ann\n".repeat(1_000));
    door.access.judge(&source, "hi").await.expect("a store");
    let name = &door.access.pending().await.expect("a store")[0].name;
    assert!(
        name.chars().count() <= 64 && !name.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{name:?}"
    );
}

#[tokio::test]
async fn a_list_lets_in_whom_it_names_and_tells_others_their_id() {
    let door = Door::new(AccessPolicy::listed(["ann"]));
    assert!(door.says("ann", "hello").await.is_admitted());
    let lines = told(door.says("bob", "hello").await);
    assert!(lines[0].text.contains("Your id is bob"), "{lines:?}");
    assert!(told(door.says("bob", "hello").await).is_empty());
    assert!(door.access.pending().await.expect("a store").is_empty());
    let door = Door::new(AccessPolicy::everyone());
    assert!(door.says("bob", "/pair").await.is_admitted(), "an agent's own command, perhaps");
    assert!(door.says_in_group("eve", "hello").await.is_admitted());
}

#[tokio::test]
async fn a_group_is_open_where_somebody_invited_the_bot_who_may_talk() {
    let door = Door::new(AccessPolicy::default());
    door.owner("ann").await;
    // Not by a stranger, and the group hears of it once.
    assert_eq!(told(door.access.invited(&group("eve")).await.expect("a store")).len(), 1);
    assert!(told(door.says_in_group("eve", "hello").await).is_empty(), "no codes in groups");
    door.pass(Duration::from_mins(11));
    assert!(told(door.says_in_group("ann", "hello").await)[0].text.contains("/pair"));
    assert!(told(door.says_in_group("eve", "/pair").await).is_empty());
    assert!(told(door.says_in_group("ann", "/pair").await)[0].text.starts_with("This group is open"));
    assert!(door.says_in_group("ann", "hello").await.is_admitted());
    assert!(told(door.says_in_group("eve", "hello").await).is_empty(), "who may talk is a person's");
    assert_eq!(door.access.groups().await.expect("a store")[0].name, "Friends");

    // It keeps its state when its id changes, and loses it when the bot is removed.
    door.access.moved("the group", "supergroup").await.expect("a store");
    let moved = Source { chat_id: "supergroup".into(), ..group("ann") };
    assert!(door.access.judge(&moved, "hello").await.expect("a store").is_admitted());
    door.access.removed_from("supergroup").await.expect("a store");
    assert!(!door.access.judge(&moved, "hello").await.expect("a store").is_admitted());
    assert!(door.access.invited(&group("ann")).await.expect("a store").is_admitted());
    assert!(door.says_in_group("ann", "hello").await.is_admitted());
}

#[tokio::test]
async fn groups_can_be_for_everybody_in_them_or_for_nobody() {
    let policy = AccessPolicy::default().with_groups(GroupRule::Everyone);
    let door = Door::new(policy);
    door.owner("ann").await;
    assert!(!door.says_in_group("eve", "hello").await.is_admitted(), "not before it is open");
    door.access.invited(&group("ann")).await.expect("a store");
    assert!(door.says_in_group("eve", "hello").await.is_admitted());
    // What a channel posts has no author.
    let post = Source { user_id: None, chat_type: ChatType::Channel, ..group("ann") };
    assert!(door.access.judge(&post, "news").await.expect("a store").is_admitted());
    let other = Source { chat_id: "elsewhere".into(), ..post };
    assert!(!door.access.judge(&other, "news").await.expect("a store").is_admitted());

    let door =
        Door::new(AccessPolicy::default().with_people(PeopleRule::Everyone).with_groups(GroupRule::Off));
    door.access.invited(&group("ann")).await.expect("a store");
    assert!(!door.says_in_group("ann", "hello").await.is_admitted());
    assert!(door.says("ann", "hello").await.is_admitted());
}
