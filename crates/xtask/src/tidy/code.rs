//! Rust text without its comments and the contents of its literals.

/// What the compiler sees as code, line for line: a word in a comment, a doc or a
/// string is not there, and line numbers stay true.
pub(super) fn without_comments_and_literals(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (kept, length) = if rest.starts_with("//") {
            ("", rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            ("", block_comment_length(rest))
        } else if let Some(length) = raw_string_length(rest).filter(|_| !ends_in_word(&code)) {
            ("\"\"", length)
        } else if first == '"' {
            ("\"\"", string_length(rest))
        } else if let Some(length) = character_length(rest) {
            ("' '", length)
        } else {
            (&rest[..first.len_utf8()], first.len_utf8())
        };
        let (token, after) = rest.split_at(length);
        code.push_str(kept);
        if kept != token {
            code.extend(token.chars().filter(|c| *c == '\n'));
        }
        rest = after;
    }
    code
}

/// Whether `code` uses `name` as a whole word.
pub(super) fn has_word(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn ends_in_word(code: &str) -> bool {
    code.chars().next_back().is_some_and(is_word)
}

/// Block comments nest.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, `br#"…"#`.
fn raw_string_length(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| text.starts_with(prefix))?;
    let after = &text[prefix.len()..];
    let hashes = after.chars().take_while(|c| *c == '#').count();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opened = prefix.len() + hashes + 1;
    Some(
        body.find(&end)
            .map_or(text.len(), |at| opened + at + end.len()),
    )
}

/// `"…"` with escapes; the text begins at the opening quote.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `'x'` or `'\…'`, and not the lifetime `'x`.
fn character_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    if let Some(escape) = body.strip_prefix('\\') {
        // What is escaped may itself be a quote.
        let skipped = escape.chars().next()?.len_utf8();
        return Some(2 + skipped + escape[skipped..].find('\'')? + 1);
    }
    let character = body.chars().next()?.len_utf8();
    body[character..].starts_with('\'').then_some(character + 2)
}

#[cfg(test)]
mod tests {
    use super::{has_word, without_comments_and_literals as code_of};

    #[test]
    fn comments_go_and_lines_stay() {
        assert_eq!(code_of("a(); // todo!()\nb();"), "a(); \nb();");
        assert_eq!(code_of("a /* x\n /* y */ z */ b"), "a \n b");
    }

    #[test]
    fn the_contents_of_strings_go() {
        assert_eq!(code_of(r#"f("todo!() \" // x", g)"#), "f(\"\", g)");
        assert_eq!(code_of("f(r#\"a\"b\n\"#, \"é\")"), "f(\"\"\n, \"\")");
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        assert_eq!(
            code_of(r#"['"', '\'', '\u{e9}', 'é']"#),
            "[' ', ' ', ' ', ' ']"
        );
        assert_eq!(
            code_of("fn f<'a>(x: &'a str) {}"),
            "fn f<'a>(x: &'a str) {}"
        );
    }

    #[test]
    fn a_name_that_ends_in_r_begins_no_raw_string() {
        assert_eq!(code_of(r#"bar"x" + for r"y""#), "bar\"\" + for \"\"");
    }

    #[test]
    fn text_cut_off_in_the_middle_of_a_token_ends_there() {
        for cut in ["\"abc", "/* abc", "r#\"abc", "'\\", "// abc"] {
            assert!(!code_of(cut).contains("abc"));
        }
    }

    #[test]
    fn only_whole_words_count() {
        assert!(has_word("use tonic::Status;", "tonic"));
        assert!(!has_word("use tonic_health::pb;", "tonic"));
        assert!(!has_word("let subtonic = 1;", "tonic"));
    }
}
