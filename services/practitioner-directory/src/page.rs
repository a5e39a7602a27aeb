//! Pages of lists, below the wire.

use aval_domain::page::PageSize;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOf<Position> {
    /// How many items at most.
    pub size: PageSize,
    /// After which item; `None`: from the first on.
    pub after: Option<Position>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Item, Position> {
    /// The items.
    pub items: Vec<Item>,
    /// The position of the last of them, if more follow.
    pub next: Option<Position>,
}

impl<Item, Position> Page<Item, Position> {
    /// Cuts a list that was read with [`PageSize::with_one_more`] down to its page.
    #[must_use]
    pub fn cut(mut items: Vec<Item>, size: PageSize, position: impl Fn(&Item) -> Position) -> Self {
        let more = items.len() > size.get();
        items.truncate(size.get());
        let next = if more {
            items.last().map(position)
        } else {
            None
        };
        Self { items, next }
    }

    /// The same page of other items.
    pub fn map<Other>(self, items: impl FnOnce(Vec<Item>) -> Vec<Other>) -> Page<Other, Position> {
        Page {
            items: items(self.items),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_beyond_the_page_only_says_that_more_follow() {
        let two = PageSize::from_request(2).unwrap();
        let page = Page::cut(vec![1, 2, 3], two, |item| *item);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        let page = Page::cut(vec![1, 2], two, |item| *item);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
    }
}
