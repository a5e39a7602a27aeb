//! Policies after C2SP tlog-policy: which logs are believed, and which witnesses must have
//! cosigned what they state.
//!
//! ```text
//! log <key>
//! witness <name> <key>
//! group <name> all|any|<number> <name>...
//! quorum <name>|none
//! ```

use std::collections::HashSet;

use crate::{
    checkpoint::{KnownLog, Policy},
    cosignature::WitnessKey,
    note::Verifier,
    quorum::{Quorum, Rule},
    text::Malformed,
    witness::Witness,
};

/// Stands for no witness at all.
const NONE: &[u8] = b"none";
const UNKNOWN: &str = "a name that a line before this one defines";

/// What the lines so far have defined.
#[derive(Default)]
struct Reading<'text> {
    logs: Vec<KnownLog>,
    witnesses: Vec<Witness>,
    /// The rules by name.
    defined: Vec<(&'text [u8], Rule)>,
    /// The names that are in a group.
    grouped: HashSet<&'text [u8]>,
    quorum: Option<Quorum>,
}

impl Policy {
    /// Reads such a file. A log is known by its key's name, and may have several keys. Behind
    /// a key may stand an address: a witness's is where it is asked, a log's says nothing.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut reading = Reading::default();
        let mut lines = 0;
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            lines = number;
            if line
                .iter()
                .any(|byte| *byte == 0x7f || (*byte < b' ' && *byte != b'\t'))
            {
                return Err(Malformed::at(number, "no control character but tabs"));
            }
            let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
            let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
            reading
                .line(&words)
                .map_err(|expected| Malformed::at(number, expected))?;
        }
        let quorum = reading.quorum;
        let quorum = quorum.ok_or(Malformed::at(lines, "a quorum line"))?;
        Ok(Self {
            logs: reading.logs,
            witnesses: reading.witnesses,
            quorum,
        })
    }
}

impl<'text> Reading<'text> {
    /// Takes a line's words, or says what was expected.
    fn line(&mut self, words: &[&'text [u8]]) -> Result<(), &'static str> {
        match words {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err("log, witness, group or quorum, with what belongs to it"),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), &'static str> {
        let verifier = text(key).and_then(|key| Verifier::parse(key).ok());
        let verifier = verifier.ok_or("an Ed25519 key of a log")?;
        let known = self.logs.iter().flat_map(|log| &log.verifiers);
        if known.into_iter().any(|known| known.key() == verifier.key()) {
            return Err("another key than a line before this one");
        }
        let origin = verifier.name().as_str();
        match self.logs.iter_mut().find(|log| log.origin == origin) {
            Some(log) => log.verifiers.push(verifier),
            None => self.logs.push(KnownLog {
                origin: origin.to_owned(),
                verifiers: vec![verifier],
            }),
        }
        Ok(())
    }

    fn witness(
        &mut self,
        name: &'text [u8],
        key: &[u8],
        url: Option<&[u8]>,
    ) -> Result<(), &'static str> {
        let key = text(key).and_then(|key| WitnessKey::parse(key).ok());
        let key = key.ok_or("an Ed25519 key of a witness")?;
        let has_it = |known: &Witness| known.key.is_the_key_of(&key);
        if self.witnesses.iter().any(has_it) {
            return Err("another key than a line before this one");
        }
        self.define(name, Rule::Witness(Box::new(key.clone())))?;
        let url = url.map(|url| text(url).ok_or("an address in UTF-8"));
        let url = url.transpose()?.map(str::to_owned);
        self.witnesses.push(Witness { key, url });
        Ok(())
    }

    fn group(
        &mut self,
        name: &'text [u8],
        threshold: &[u8],
        members: &[&'text [u8]],
    ) -> Result<(), &'static str> {
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => text(number)
                .and_then(crate::text::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("all, any or a number")?,
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err("members, and a number from 1 to as many as there are");
        }
        let mut rules = Vec::with_capacity(members.len());
        for member in members {
            rules.push(self.defined(member).ok_or(UNKNOWN)?);
            if !self.grouped.insert(member) {
                return Err("a name that is in no group yet");
            }
        }
        let members = rules;
        self.define(name, Rule::Group { threshold, members })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), &'static str> {
        if self.quorum.is_some() {
            return Err("one quorum line");
        }
        let rule = match name {
            NONE => Rule::None,
            name => self.defined(name).ok_or(UNKNOWN)?,
        };
        self.quorum = Some(Quorum::of(rule));
        Ok(())
    }

    fn define(&mut self, name: &'text [u8], rule: Rule) -> Result<(), &'static str> {
        if name == NONE || self.defined(name).is_some() {
            return Err("a name that no line before this one defines");
        }
        self.defined.push((name, rule));
        Ok(())
    }

    fn defined(&self, name: &[u8]) -> Option<Rule> {
        let found = self.defined.iter().find(|(known, _)| *known == name);
        found.map(|(_, rule)| rule.clone())
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
