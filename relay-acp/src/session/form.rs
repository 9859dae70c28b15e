//! A form of the agent, asked one field at a time. A form that asks for a secret is declined: a chat is no place for
//! one.

use std::collections::BTreeMap;

use agent_client_protocol_schema::v1::{
    CreateElicitationRequest, CreateElicitationResponse, ElicitationAcceptAction, ElicitationAction,
    ElicitationContentValue as Value, ElicitationMode, ElicitationPropertySchema as Schema, EnumOption,
    MultiSelectItems,
};
use relay_adapter::{
    OptionKind, Question, QuestionKind, QuestionOption, QuestionReply, TurnOutput, TurnOver,
};

use super::content::line;

/// Fields that people are asked for; a longer form is declined.
const FIELDS: usize = 12;

/// How often a field is asked for until its answer fits.
const TRIES: usize = 3;

/// Characters of a question.
const TITLE: usize = 200;

/// Characters of an option's label.
const LABEL: usize = 60;

/// Words that name a secret.
const SECRET: &[&str] = &[
    "password",
    "passphrase",
    "passwd",
    "secret",
    "api key",
    "apikey",
    "api_key",
    "api-key",
    "token",
    "credential",
    "private key",
    "pin code",
];

/// The option that leaves out a field which need not be filled in.
const SKIP: &str = "skip";

/// Asks for every field and answers the agent's request.
pub(crate) async fn fill(
    request: &CreateElicitationRequest,
    output: &TurnOutput,
) -> Result<CreateElicitationResponse, TurnOver> {
    let declined = CreateElicitationResponse::new(ElicitationAction::Decline);
    let ElicitationMode::Form(form) = &request.mode else { return Ok(declined) };
    let schema = &form.requested_schema;
    if asks_for_a_secret(request) {
        output
            .notice("The agent asked for a secret; that was declined. Give it to the agent where it runs.")
            .await?;
        return Ok(declined);
    }
    if schema.properties.len() > FIELDS {
        output.notice("The agent asked for more than fits a chat; that was declined.").await?;
        return Ok(declined);
    }
    let required = schema.required.as_deref().unwrap_or_default();
    let alone = schema.properties.len() == 1;
    let mut content = BTreeMap::new();
    for (name, field) in &schema.properties {
        let optional = !required.contains(name);
        let heading = heading(&request.message, name, field, alone);
        match ask(field, &heading, optional, output).await? {
            Filled::Value(value) => {
                content.insert(name.clone(), value);
            }
            Filled::Skipped => {}
            Filled::Declined => return Ok(declined),
            Filled::Cancelled => return Ok(CreateElicitationResponse::new(ElicitationAction::Cancel)),
        }
    }
    Ok(CreateElicitationResponse::new(ElicitationAction::Accept(
        ElicitationAcceptAction::new().content(content),
    )))
}

/// Whether any of it is a secret, by its name or what it says of itself.
fn asks_for_a_secret(request: &CreateElicitationRequest) -> bool {
    let ElicitationMode::Form(form) = &request.mode else { return false };
    form.requested_schema.properties.iter().any(|(name, field)| {
        let words = [name.as_str(), title(field).unwrap_or(""), description(field).unwrap_or("")];
        let text = words.join(" ").to_lowercase();
        SECRET.iter().any(|word| text.contains(word)) && matches!(field, Schema::String(text) if choices(text.one_of.as_deref(), text.enum_values.as_deref()).is_empty())
    })
}

fn heading(message: &str, name: &str, field: &Schema, alone: bool) -> String {
    let label = title(field).unwrap_or(name);
    match description(field).filter(|text| *text != message) {
        Some(description) if alone => line(&format!("{message} {description}"), TITLE),
        None if alone => line(message, TITLE),
        Some(description) => line(&format!("{message} {label}: {description}"), TITLE),
        None => line(&format!("{message} {label}"), TITLE),
    }
}

enum Filled {
    Value(Value),
    Skipped,
    Declined,
    Cancelled,
}

async fn ask(field: &Schema, heading: &str, optional: bool, output: &TurnOutput) -> Result<Filled, TurnOver> {
    let choices = match field {
        Schema::String(text) => choices(text.one_of.as_deref(), text.enum_values.as_deref()),
        Schema::Boolean(_) => {
            vec![("true".to_owned(), "Yes".to_owned()), ("false".to_owned(), "No".to_owned())]
        }
        Schema::Array(array) => match &array.items {
            MultiSelectItems::String(items) => choices(None, Some(&items.values)),
            MultiSelectItems::Titled(items) => choices(Some(&items.options), None),
            _ => return Ok(Filled::Declined),
        },
        Schema::Other(_) => return Ok(Filled::Declined),
        _ => Vec::new(),
    };
    let many = matches!(field, Schema::Array(_));
    let mut question = if choices.is_empty() || many {
        Question::new(QuestionKind::Text, heading, Vec::new())
    } else {
        let options = choices.iter().enumerate();
        let options = options.map(|(place, (_, label))| {
            QuestionOption::new(place.to_string(), line(label, LABEL), OptionKind::Plain)
        });
        Question::new(QuestionKind::Choice, heading, options.collect())
    };
    if many {
        let list: Vec<_> =
            choices.iter().enumerate().map(|(place, (_, label))| format!("{}. {label}", place + 1)).collect();
        question =
            question.with_body(format!("{}\nAnswer with numbers, separated by commas.", list.join("\n")));
    }
    if optional {
        question.options.push(QuestionOption::new(SKIP, "Skip", OptionKind::RejectOnce));
    }
    for _ in 0..TRIES {
        let text = match output.ask(question.clone()).await? {
            QuestionReply::Chosen { option, .. } if option == SKIP => return Ok(Filled::Skipped),
            QuestionReply::Chosen { option, .. } => {
                let place = option.parse::<usize>().unwrap_or(usize::MAX);
                choices.get(place).map(|(value, _)| value.clone()).unwrap_or_default()
            }
            QuestionReply::Text { text, .. } => text,
            QuestionReply::Unsupported => return Ok(Filled::Declined),
            _ => return Ok(Filled::Cancelled),
        };
        if optional && text.trim().eq_ignore_ascii_case(SKIP) {
            return Ok(Filled::Skipped);
        }
        match value(field, &choices, text.trim()) {
            Ok(value) => return Ok(Filled::Value(value)),
            Err(expected) => output.notice(format!("That is no answer here; {expected}.")).await?,
        }
    }
    Ok(Filled::Declined)
}

/// A text as the field's value; or what is expected instead.
fn value(field: &Schema, choices: &[(String, String)], text: &str) -> Result<Value, &'static str> {
    let find = |text: &str| {
        let by_number = text.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
        let by_name = choices.iter().find(|(value, label)| value == text || label.eq_ignore_ascii_case(text));
        by_name.or(by_number).map(|(value, _)| value.clone())
    };
    match field {
        Schema::Boolean(_) => match find(text).as_deref() {
            Some("true") => Ok(Value::Boolean(true)),
            Some(_) => Ok(Value::Boolean(false)),
            None => Err("answer with yes or no"),
        },
        Schema::Integer(_) => text.parse().map(Value::Integer).map_err(|_| "answer with a whole number"),
        Schema::Number(_) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Number(number)),
            _ => Err("answer with a number"),
        },
        Schema::Array(_) => {
            let chosen: Option<Vec<_>> = text.split(',').map(|part| find(part.trim())).collect();
            chosen.map(Value::StringArray).ok_or("answer with numbers of the list, separated by commas")
        }
        Schema::String(_) if !choices.is_empty() => {
            find(text).map(Value::String).ok_or("choose one of the list")
        }
        Schema::String(schema) => {
            let length = text.chars().count();
            let fits = schema.min_length.is_none_or(|least| length >= least as usize)
                && schema.max_length.is_none_or(|most| length <= most as usize);
            if fits { Ok(Value::String(text.to_owned())) } else { Err("it is too short or too long") }
        }
        _ => Err("it cannot be answered here"),
    }
}

/// Values and labels of what can be chosen.
fn choices(titled: Option<&[EnumOption]>, plain: Option<&[String]>) -> Vec<(String, String)> {
    match (titled, plain) {
        (Some(options), _) => {
            options.iter().map(|option| (option.value.clone(), option.title.clone())).collect()
        }
        (None, Some(values)) => values.iter().map(|value| (value.clone(), value.clone())).collect(),
        (None, None) => Vec::new(),
    }
}

fn title(field: &Schema) -> Option<&str> {
    match field {
        Schema::String(field) => field.title.as_deref(),
        Schema::Number(field) => field.title.as_deref(),
        Schema::Integer(field) => field.title.as_deref(),
        Schema::Boolean(field) => field.title.as_deref(),
        Schema::Array(field) => field.title.as_deref(),
        _ => None,
    }
}

fn description(field: &Schema) -> Option<&str> {
    match field {
        Schema::String(field) => field.description.as_deref(),
        Schema::Number(field) => field.description.as_deref(),
        Schema::Integer(field) => field.description.as_deref(),
        Schema::Boolean(field) => field.description.as_deref(),
        Schema::Array(field) => field.description.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use relay_adapter::{Question, QuestionReply, TurnEvent, TurnOutput};
    use serde_json::{Value, json};

    use super::fill;

    /// Fills in a form with these replies; what was asked, what was noticed, and the answer.
    async fn filled(
        properties: Value,
        required: &[&str],
        replies: &[QuestionReply],
    ) -> (Vec<Question>, Vec<String>, Value) {
        let request = json!({
            "mode": "form", "sessionId": "s", "message": "Which one?",
            "requestedSchema": {"type": "object", "properties": properties, "required": required},
        });
        let request = serde_json::from_value(request).expect("it parses");
        let (output, mut events) = TurnOutput::channel(4);
        let people = async {
            let (mut asked, mut noticed) = (Vec::new(), Vec::new());
            let mut replies = replies.iter().cloned();
            while let Some(event) = events.recv().await {
                match event {
                    TurnEvent::Ask(question, reply) => {
                        asked.push(*question);
                        let _ = reply.send(replies.next().expect("a reply for every question"));
                    }
                    TurnEvent::Notice(line) => noticed.push(line),
                    other => panic!("{other:?}"),
                }
            }
            (asked, noticed)
        };
        let answering = async move { fill(&request, &output).await.expect("somebody listens") };
        let ((asked, noticed), response) = tokio::join!(people, answering);
        (asked, noticed, serde_json::to_value(response).expect("plain data"))
    }

    fn chose(option: &str) -> QuestionReply {
        QuestionReply::Chosen { option: option.into(), by: None }
    }

    fn wrote(text: &str) -> QuestionReply {
        QuestionReply::Text { text: text.into(), by: None }
    }

    #[tokio::test]
    async fn fields_are_asked_for_one_at_a_time() {
        let properties = json!({
            "colour": {"type": "string", "oneOf": [{"const": "r", "title": "Red"}, {"const": "b", "title": "Blue"}]},
            "count": {"type": "integer"},
            "sure": {"type": "boolean"},
        });
        let replies = [chose("1"), wrote("many"), wrote("3"), wrote("yes")];
        let (asked, noticed, answer) = filled(properties, &["colour", "count", "sure"], &replies).await;
        assert_eq!(asked.iter().map(|question| question.options.len()).collect::<Vec<_>>(), [2, 0, 0, 2]);
        assert_eq!(asked[0].title, "Which one? colour");
        assert_eq!(noticed, ["That is no answer here; answer with a whole number."]);
        assert_eq!(answer, json!({"action": "accept", "content": {"colour": "b", "count": 3, "sure": true}}));
    }

    #[tokio::test]
    async fn a_field_that_need_not_be_filled_in_can_be_skipped() {
        let (asked, _, answer) = filled(json!({"note": {"type": "string"}}), &[], &[chose("skip")]).await;
        assert_eq!(asked[0].options[0].label, "Skip");
        assert_eq!(answer, json!({"action": "accept", "content": {}}));
    }

    #[tokio::test]
    async fn several_of_a_list_are_chosen_by_number() {
        let list =
            json!({"toppings": {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}}});
        let (_, _, answer) = filled(list, &["toppings"], &[wrote("1, 3")]).await;
        assert_eq!(answer, json!({"action": "accept", "content": {"toppings": ["a", "c"]}}));
    }

    #[tokio::test]
    async fn a_secret_is_never_asked_for() {
        for field in [
            json!({"password": {"type": "string"}}),
            json!({"k": {"type": "string", "title": "Your API key"}}),
        ] {
            let (asked, noticed, answer) = filled(field, &[], &[]).await;
            assert!(asked.is_empty());
            assert!(noticed[0].contains("secret"), "{noticed:?}");
            assert_eq!(answer, json!({"action": "decline"}));
        }
    }

    #[tokio::test]
    async fn a_question_that_nobody_answers_cancels_the_form() {
        let (_, _, answer) =
            filled(json!({"note": {"type": "string"}}), &["note"], &[QuestionReply::Expired]).await;
        assert_eq!(answer, json!({"action": "cancel"}));
    }
}
