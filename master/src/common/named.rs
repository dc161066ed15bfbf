//! Structs whose fields of one kind can be walked with their names. The code that tells, reads or shows them needs no list of
//! its own, and a field is added in one place.

/// Defines a struct with fields that are walked (`each`), and after them others that are not.
macro_rules! named {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            each $walk:ident, $walk_mut:ident: $each:ty {
                $($(#[$each_about:meta])* $field:ident,)*
            }
            $($(#[$other_about:meta])* pub $other:ident: $other_type:ty,)*
        }
    ) => {
        $(#[$about])*
        pub struct $name {
            $($(#[$each_about])* pub $field: $each,)*
            $($(#[$other_about])* pub $other: $other_type,)*
        }

        impl $name {
            #[doc = concat!("Its fields that are each one `", stringify!($each), "`, with the names that they have everywhere.")]
            pub fn $walk(&self) -> impl Iterator<Item = (&'static str, &$each)> {
                [$((stringify!($field), &self.$field)),*].into_iter()
            }

            /// The same, to be filled in.
            pub(crate) fn $walk_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut $each)> {
                [$((stringify!($field), &mut self.$field)),*].into_iter()
            }
        }
    };
}

pub(super) use named;
