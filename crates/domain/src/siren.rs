//! The SIREN: a legal entity.

crate::digits::digit_identifier! {
    /// A SIREN: 9 digits, the last of which is the Luhn key (INSEE).
    pub struct Siren, "SIREN", length 9;
    rule "it has 9 digits";
}

#[cfg(test)]
mod tests {
    use super::Siren;

    #[test]
    fn published_numbers_are_read() {
        for text in ["398069963", "268902061", "499400885", "356000000"] {
            assert_eq!(Siren::parse(text).unwrap().to_string(), text);
        }
        assert!(Siren::parse("398069964").is_err());
    }
}
