//! One text for both conventions.

/// Defines calls: each as `ntw_X` in the platform's convention, and as an entry of [`CALLS`](crate::export) in that of
/// Windows x64.
///
/// `X<C>` is the body; `C` is the [`Convention`](crate::convention::Convention) of its callbacks. Arguments are of types that
/// have the layout of the C types and check themselves: [`In`](crate::memory::In), [`Out`](crate::memory::Out),
/// [`Code`](crate::convention::Code).
macro_rules! calls {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {
        $(
            $(#[$meta])*
            #[allow(non_snake_case, reason = "the name is Windows's")]
            #[inline(always)]
            fn $name<C: $crate::convention::Convention>($($argument: $type),*) $(-> $result)? $body
        )*

        /// The calls of this file.
        pub(crate) const CALLS: &[$crate::export::Export] = &[$({
            #[allow(unsafe_code, reason = "the symbol's name is its own: it begins with ntw_")]
            #[unsafe(export_name = concat!("ntw_", stringify!($name)))]
            extern "C" fn platform($($argument: $type),*) $(-> $result)? {
                $name::<$crate::convention::Platform>($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            extern "win64" fn windows($($argument: $type),*) $(-> $result)? {
                $name::<$crate::convention::Windows>($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            {
                $crate::export::Export::new(stringify!($name), windows as *const ())
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                $crate::export::Export::new(stringify!($name), core::ptr::null())
            }
        }),*];
    };
}
