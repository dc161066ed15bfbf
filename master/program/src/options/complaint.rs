//! What is wrong with a command line, in one line.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// clap explains over several lines, with usage and tips; one line says what is wrong and where help is.
pub(super) fn line(error: &clap::Error) -> String {
    let no_command = [ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, ErrorKind::MissingSubcommand];
    if no_command.contains(&error.kind()) {
        return "no command given; try 'powerhose --help'".to_owned();
    }
    let mut line = first_paragraph(&error.render().to_string());
    if let Some(right) = suggestion(error) {
        line.push_str(&format!("; did you mean `{right}`?"));
    }
    if !line.contains("--help") {
        line.push_str("; try --help");
    }
    line
}

/// The text up to the first empty line, without `error:`, as one line.
pub(super) fn first_paragraph(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    })
}
