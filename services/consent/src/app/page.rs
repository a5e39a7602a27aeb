//! Pages of lists.

use aval_domain::page::PageSize;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<Id> {
    /// The last item of the page before; `None` for the first page.
    pub after: Option<Id>,
    /// How many items at most.
    pub size: PageSize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

impl<T> Page<T> {
    /// The page of what the store gave, which was asked for one item more.
    #[must_use]
    pub fn of(mut items: Vec<T>, size: PageSize) -> Self {
        let more = items.len() > size.get();
        items.truncate(size.get());
        Self { items, more }
    }
}
