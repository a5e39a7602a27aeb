//! Binary fields, each after its length on one byte: one spelling, no guessing where one ends.

/// The fields still to be read.
pub(crate) struct Fields<'a>(&'a [u8]);

/// The named field is missing, cut short or of another length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongField(pub(crate) &'static str);

/// Appends one field; there is none beyond 255 bytes.
pub(crate) fn push_field(bytes: &mut Vec<u8>, field: &[u8]) {
    let length = u8::try_from(field.len()).expect("a field takes 255 bytes at most");
    bytes.push(length);
    bytes.extend_from_slice(field);
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next field, of whatever length.
    pub(crate) fn any(&mut self, name: &'static str) -> Result<&'a [u8], WrongField> {
        let (length, rest) = self.0.split_first().ok_or(WrongField(name))?;
        let (field, rest) = rest
            .split_at_checked(usize::from(*length))
            .ok_or(WrongField(name))?;
        self.0 = rest;
        Ok(field)
    }

    /// The next field, of exactly `N` bytes.
    pub(crate) fn required<const N: usize>(
        &mut self,
        name: &'static str,
    ) -> Result<[u8; N], WrongField> {
        self.any(name)?.try_into().map_err(|_| WrongField(name))
    }

    /// The next field, of `N` bytes or none.
    pub(crate) fn optional<const N: usize>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<[u8; N]>, WrongField> {
        match self.any(name)? {
            [] => Ok(None),
            field => field.try_into().map(Some).map_err(|_| WrongField(name)),
        }
    }

    /// Whether every byte was read.
    pub(crate) const fn is_finished(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        push_field(&mut bytes, &[1, 2]);
        push_field(&mut bytes, &[]);
        push_field(&mut bytes, &[3; 255]);
        let mut fields = Fields::new(&bytes);
        assert_eq!(fields.required("a"), Ok([1, 2]));
        assert_eq!(fields.optional::<16>("b"), Ok(None));
        assert_eq!(fields.any("c"), Ok([3; 255].as_slice()));
        assert!(fields.is_finished());
        assert_eq!(fields.any("d"), Err(WrongField("d")));
    }

    #[test]
    fn a_field_of_another_length_is_wrong() {
        assert_eq!(
            Fields::new(&[2, 7, 7]).required::<3>("a"),
            Err(WrongField("a"))
        );
        assert_eq!(
            Fields::new(&[2, 7, 7]).optional::<3>("a"),
            Err(WrongField("a"))
        );
        let one_byte = Fields::new(&[1, 7]).optional::<3>("a");
        assert_eq!(one_byte, Err(WrongField("a")));
        assert_eq!(Fields::new(&[3, 7, 7]).any("a"), Err(WrongField("a")));
    }
}
