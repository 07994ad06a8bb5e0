//! What every slice stands on: time, ids, owners, errors, text, pages, the vault, tasks, limits.
//! Nothing of the product is decided here.

mod clock;
pub(crate) mod error;
pub(crate) mod idempotency;
mod ids;
pub(crate) mod instances;
pub mod limits;
mod locale;
mod owner;
mod page;
mod private;
mod secret;
mod tasks;
pub(crate) mod text;
pub(crate) mod vault;
mod zone;

pub use clock::{Clock, Time};
pub use error::{BudgetScope, Error, Resource};
pub use idempotency::Retry;
pub use ids::Ids;
pub use instances::Instances;
pub use locale::{Country, Language};
pub use owner::Owner;
pub use page::{Cursor, Page, PageSize};
pub use private::Private;
pub use secret::same_secret;
pub use tasks::Tasks;
pub use text::{Email, MessageText, Password, Title, Username};
pub use vault::{MasterKey, Vault};
pub use zone::Zone;

use serene_db::Db;

/// What the slices share. One per server.
#[derive(Clone, Debug)]
pub struct Base {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// New ids and secrets.
    pub ids: Ids,
    /// Where private text is sealed.
    pub vault: Vault,
    /// Everything that runs beside the requests.
    pub tasks: Tasks,
    /// This process among those that serve the database.
    pub instances: Instances,
}

impl Base {
    /// Runs a deletion of a piece again and again, until nothing is left. Other writers get through
    /// in between.
    pub(crate) async fn delete_in_pieces(
        &self,
        piece: impl Fn() -> serene_db::Statement,
    ) -> Result<(), Error> {
        loop {
            let touched = self.db.commit(serene_db::Write::from(piece())).await?;
            if touched.first().is_none_or(|rows| *rows == 0) {
                return Ok(());
            }
        }
    }

    /// A new row id, made now.
    pub fn new_id(&self) -> uuid::Uuid {
        self.ids.new_id(self.clock.now())
    }
}
