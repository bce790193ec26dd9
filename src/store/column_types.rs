//! How the values of an order stand in columns: a query reads ids and names as what they mean, and so
//! fills its read model itself. A name that orderwatch never writes fails the reading.

use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgHasArrayType, PgTypeInfo, PgValueRef},
};
use uuid::Uuid;

use crate::order::{FieldRule, HoldReason, IntegrationId, OrderId, Stage, TenantId};

macro_rules! stands_as {
    ($column:ty: $($type:ident by $read:expr),+ $(,)?) => {$(
        impl Type<Postgres> for $type {
            fn type_info() -> PgTypeInfo {
                <$column as Type<Postgres>>::type_info()
            }

            fn compatible(of: &PgTypeInfo) -> bool {
                <$column as Type<Postgres>>::compatible(of)
            }
        }

        impl<'r> Decode<'r, Postgres> for $type {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                // As a function pointer: the closures below take the type of their argument from it.
                let read: fn($column) -> Result<Self, BoxDynError> = $read;
                read(<$column as Decode<Postgres>>::decode(value)?)
            }
        }
    )+};
}

stands_as! {
    Uuid:
    OrderId by |id| Ok(Self(id)),
    IntegrationId by |id| Ok(Self(id)),
    TenantId by |id| Ok(Self(id)),
}

stands_as! {
    String:
    Stage by |name| Self::parse(&name).ok_or_else(|| unknown(&name)),
    HoldReason by |name| Self::parse(&name).ok_or_else(|| unknown(&name)),
    FieldRule by |name| Self::parse(&name).ok_or_else(|| unknown(&name)),
}

impl PgHasArrayType for FieldRule {
    fn array_type_info() -> PgTypeInfo {
        <String as PgHasArrayType>::array_type_info()
    }
}

fn unknown(name: &str) -> BoxDynError {
    format!("{name:?} means nothing here").into()
}
