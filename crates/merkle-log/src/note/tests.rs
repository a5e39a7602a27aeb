use proptest::prelude::*;

use super::*;

/// The example that the documentation of the format's first implementation gives.
const PETER_PRIVATE: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn verifier(text: &str) -> Verifier {
    Verifier::parse(text).unwrap()
}

fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn parse(note: &str) -> SignedNote {
    SignedNote::parse(note.as_bytes()).unwrap()
}

#[test]
fn signing_gives_the_published_signature() {
    let peter = Signer::parse(PETER_PRIVATE).unwrap();
    assert_eq!(peter.verifier().to_string(), PETER);
    let note = SignedNote::sign(TEXT, &[&peter]).unwrap();
    assert_eq!(note.format(), format!("{TEXT}\n{PETER_LINE}"));
}

#[test]
fn the_published_notes_verify() {
    let note = parse(&format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}"));
    let known = [verifier(ENOCH), verifier(PETER)];
    let verified = note.verify(&known).unwrap();
    assert_eq!(verified.text, TEXT);
    assert_eq!(verified.signers, [&known[1], &known[0]]);

    let note = parse(
        "This is an example message.\n\n\
         — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    );
    let known = verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    assert!(note.verify(&[known]).is_ok());
}

#[test]
fn signatures_of_unknown_keys_are_ignored_but_one_must_be_known() {
    let note = parse(&format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}"));
    let known = [verifier(PETER)];
    assert_eq!(note.verify(&known).unwrap().signers, [&known[0]]);

    let stranger = [signer("stranger", 1).verifier().clone()];
    assert_eq!(note.verify(&stranger), Err(SignatureError::NoKnownSigner));
    assert_eq!(note.verify(&[]), Err(SignatureError::NoKnownSigner));
}

#[test]
fn one_bad_signature_of_a_known_key_spoils_the_note() {
    let altered = TEXT.replace("answer", "cause");
    let note = parse(&format!("{altered}\n{PETER_LINE}"));
    let bad = SignatureError::Bad(verifier(PETER).name().clone());
    assert_eq!(note.verify(&[verifier(PETER)]), Err(bad.clone()));

    // Good beside bad: still refused.
    let mut note = note;
    let friend = signer("friend", 3);
    note.add_signature(&friend).unwrap();
    let known = [friend.verifier().clone(), verifier(PETER)];
    assert_eq!(note.verify(&known), Err(bad));
    assert!(note.verify(&known[..1]).is_ok());
}

#[test]
fn a_signature_that_only_lenient_rules_accept_is_refused() {
    // Made with the log's own key, but with the neutral element in place of the
    // nonce: such a signature fits the equation and is not what signing gives.
    let note = parse(
        "text\n\n— log ll8sCwEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAuxEmlwohxX9BXHGsT2XYUTions5RDQJF1beRQxzfXgU=\n",
    );
    let log = signer("log", 9).verifier().clone();
    let bad = SignatureError::Bad(log.name().clone());
    assert_eq!(note.verify(&[log]), Err(bad));
}

#[test]
fn a_key_signs_once() {
    let friend = signer("friend", 3);
    let name = friend.verifier().name().clone();
    let twice = SignedNote::sign(TEXT, &[&friend, &friend]);
    assert_eq!(twice, Err(NoteError::SignedAlready(name.clone())));

    let repeated = parse(&format!("{TEXT}\n{PETER_LINE}{PETER_LINE}"));
    assert_eq!(
        repeated.verify(&[verifier(PETER)]),
        Err(SignatureError::Repeated(verifier(PETER).name().clone()))
    );
}

#[test]
fn the_same_key_under_another_name_is_another_key() {
    let note = SignedNote::sign(TEXT, &[&signer("log", 1)]).unwrap();
    let namesake = [signer("log2", 1).verifier().clone()];
    assert_eq!(note.verify(&namesake), Err(SignatureError::NoKnownSigner));
}

#[test]
fn a_text_with_empty_lines_ends_at_the_last_one() {
    let text = "first\n\n\nlast\n";
    let log = signer("log", 1);
    let note = SignedNote::sign(text, &[&log]).unwrap();
    let read = parse(&note.format());
    assert_eq!(read, note);
    assert_eq!(read.verify(&[log.verifier().clone()]).unwrap().text, text);
}

#[test]
fn what_cannot_be_a_note_is_refused_at_its_line() {
    let refusals = [
        (String::new(), 1),
        (TEXT.to_owned(), 3),
        (format!("{TEXT}\n"), 4),
        (format!("{TEXT}{PETER_LINE}"), 4),
        (format!("{TEXT}\n{}", PETER_LINE.trim_end()), 4),
        (format!("{TEXT}\n{PETER_LINE}trailing\n"), 5),
        (format!("{TEXT}\n{}", PETER_LINE.replace('—', "-")), 4),
        (format!("{TEXT}\n{}", PETER_LINE.replace("— ", "—  ")), 4),
        (format!("{TEXT}\n{}", PETER_LINE.replace("M=", "N=")), 4),
        (format!("{TEXT}\n{}", PETER_LINE.replace("M=", "M")), 4),
        (format!("{TEXT}\n— Peter+ x08go/Y=\n"), 4),
        (format!("{TEXT}\n— PeterNeumann x08gow==\n"), 4),
        (format!("a\r\n{TEXT}\n{PETER_LINE}"), 1),
        (format!("{TEXT}\t\n\n{PETER_LINE}"), 3),
    ];
    for (note, line) in refusals {
        match SignedNote::parse(note.as_bytes()) {
            Err(NoteError::Malformed(malformed)) => assert_eq!(malformed.line, line, "{note}"),
            other => panic!("{note}: {other:?}"),
        }
    }
    let not_utf8 = [TEXT.as_bytes(), b"\xff\n\n", PETER_LINE.as_bytes()].concat();
    let refusal = Malformed::at(3, "UTF-8");
    assert_eq!(SignedNote::parse(&not_utf8), Err(refusal.into()));
}

#[test]
fn a_text_that_would_not_read_back_is_not_signed() {
    let log = signer("log", 1);
    for text in ["", "no newline", "carriage\r\n", "tab\t\n", "nul\0\n"] {
        let refused = SignedNote::sign(text, &[&log]);
        assert!(matches!(refused, Err(NoteError::Malformed(_))), "{text}");
    }
    assert_eq!(SignedNote::sign(TEXT, &[]), Err(NoteError::NoSigner));
}

#[test]
fn a_note_has_limits() {
    let line = |number| {
        SignedNote::sign(TEXT, &[&signer(&format!("key{number}"), 1)])
            .unwrap()
            .format()[TEXT.len() + 1..]
            .to_owned()
    };
    let lines: String = (0..MAX_SIGNATURES).map(line).collect();
    let full = format!("{TEXT}\n{lines}");
    assert!(SignedNote::parse(full.as_bytes()).is_ok());
    let one_more = format!("{full}{PETER_LINE}");
    assert_eq!(
        SignedNote::parse(one_more.as_bytes()),
        Err(NoteError::TooManySignatures)
    );
    assert_eq!(
        parse(&full).add_signature(&signer("more", 1)),
        Err(NoteError::TooManySignatures)
    );
    assert_eq!(
        SignedNote::parse(&vec![b'\n'; MAX_BYTES + 1]),
        Err(NoteError::TooLarge)
    );
}

#[test]
fn keys_read_back_in_both_forms() {
    let log = signer("audit.example/log", 9);
    let private = log.to_private_text();
    assert_eq!(Signer::parse(&private).unwrap().verifier(), log.verifier());
    let public = log.verifier().to_string();
    assert_eq!(Verifier::parse(&public), Ok(log.verifier().clone()));
    assert!(public.starts_with(&format!("audit.example/log+{}+", log.verifier().id())));
}

#[test]
fn a_private_key_is_not_displayed() {
    let log = Signer::parse(PETER_PRIVATE).unwrap();
    assert_eq!(format!("{log:?}"), "Signer(PeterNeumann+c74f20a3)");
}

#[test]
fn a_key_altered_anywhere_is_refused() {
    for end in 0..PETER.len() {
        assert!(Verifier::parse(&PETER[..end]).is_err(), "{end}");
        assert!(Verifier::parse(&PETER[end + 1..]).is_err(), "{end}");
    }
    for offset in 0..PETER.len() {
        let mut altered = PETER.as_bytes().to_vec();
        altered[offset] += 1;
        assert!(
            Verifier::parse(str::from_utf8(&altered).unwrap()).is_err(),
            "{offset}"
        );
    }
    for offset in 0..PETER_PRIVATE.len() {
        let mut altered = PETER_PRIVATE.as_bytes().to_vec();
        altered[offset] += 1;
        assert!(
            Signer::parse(str::from_utf8(&altered).unwrap()).is_err(),
            "{offset}"
        );
    }
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    // The same key said to be of type 0x65, with the id that would then be right.
    let other_type = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(
        Verifier::parse(other_type),
        Err(KeyError::UnsupportedType(0x65))
    );
    let too_long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    assert_eq!(Verifier::parse(too_long), Err(KeyError::Malformed));
    let wrong_id = PETER.replace("c74f20a3", "c74f20a4");
    assert_eq!(Verifier::parse(&wrong_id), Err(KeyError::WrongId));
    let upper_case = PETER.replace("c74f20a3", "C74F20A3");
    assert_eq!(Verifier::parse(&upper_case), Err(KeyError::Malformed));
    // The neutral element: every signature by it could be made to verify.
    let weak = format!(
        "weak+00000000+{}",
        STANDARD.encode([[1, 1].as_slice(), &[0; 31]].concat())
    );
    assert_eq!(Verifier::parse(&weak), Err(KeyError::NotAPublicKey));
}

#[test]
fn a_name_has_no_space_and_no_plus_sign() {
    for name in [
        "",
        "two words",
        "a+b",
        "tab\t",
        "line\n",
        "no\u{a0}break",
        "em\u{2003}space",
        "nul\0",
    ] {
        assert_eq!(KeyName::parse(name), Err(KeyError::Name), "{name}");
    }
    assert_eq!(
        KeyName::parse("journal.exemple/é").unwrap().as_str(),
        "journal.exemple/é"
    );
}

proptest! {
    #[test]
    fn any_text_signed_is_read_back_and_verified(text in "[^\0-\x1f]{0,40}(\n[^\0-\x1f]{0,40}){0,4}", seed: [u8; 32]) {
        let text = text + "\n";
        let log = Signer::from_seed("log", &seed).unwrap();
        let note = SignedNote::sign(&text, &[&log]).unwrap();
        let read = SignedNote::parse(note.format().as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        let known = [log.verifier().clone()];
        prop_assert_eq!(read.verify(&known).unwrap().text, text);
    }
}
