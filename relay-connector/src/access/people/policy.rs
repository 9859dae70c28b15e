//! Who may talk to the agent, as the operator wants it.

use std::collections::BTreeSet;

/// Whose messages a front passes on. By default nobody's whom an owner has not let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessPolicy {
    /// How somebody gets in who is not on the list.
    pub people: PeopleRule,
    /// Those who are in from the beginning, by their ids on the platform.
    pub allow: BTreeSet<String>,
    /// Whose messages count in chats of several people.
    pub groups: GroupRule,
}

/// How somebody gets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeopleRule {
    /// By a code that they get in a private chat, and that an owner approves.
    #[default]
    Pairing,
    /// Only by the list.
    Listed,
    /// Everybody is in who finds the bot.
    Everyone,
}

/// Whose messages count in groups and channels. A group has to be opened first, by somebody who may talk: they add the
/// bot to it, or send `/pair` there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupRule {
    /// Those of people who may talk in a private chat too.
    #[default]
    Allowed,
    /// Those of everybody in an open group.
    Everyone,
    /// Nobody's.
    Off,
}

impl AccessPolicy {
    /// The same with these people in from the beginning, by their ids on the platform.
    #[must_use]
    pub fn with_allow<I: Into<String>>(mut self, people: impl IntoIterator<Item = I>) -> Self {
        self.allow = people.into_iter().map(Into::into).collect();
        self
    }

    /// The same where others get in like this.
    #[must_use]
    pub fn with_people(mut self, people: PeopleRule) -> Self {
        self.people = people;
        self
    }

    /// The same where these count in groups.
    #[must_use]
    pub fn with_groups(mut self, groups: GroupRule) -> Self {
        self.groups = groups;
        self
    }

    /// Only these people, by their ids on the platform.
    pub fn listed<I: Into<String>>(people: impl IntoIterator<Item = I>) -> Self {
        let allow = people.into_iter().map(Into::into).collect();
        Self { people: PeopleRule::Listed, allow, groups: GroupRule::Allowed }
    }

    /// Everybody, also in groups.
    pub fn everyone() -> Self {
        Self { people: PeopleRule::Everyone, allow: BTreeSet::new(), groups: GroupRule::Everyone }
    }
}
