//! The two roles of a service on PostgreSQL: who migrates, and who serves.

use sea_orm::ConnectionTrait;

use super::TestDatabase;
use crate::{Database, DatabaseConfig};

/// The same schema as its owner sees it, and as who may only read and write rows.
#[derive(Debug)]
pub struct Roles {
    /// Owns the schema, and changes it.
    pub migrator: Database,
    /// Reads and writes rows.
    pub serving: Database,
}

/// For a role that is gone, or was never there, nothing.
const FORGET: &str = "DO $$ BEGIN DROP OWNED BY \"{}\"; DROP ROLE \"{}\"; \
    EXCEPTION WHEN undefined_object THEN NULL; END $$";

/// As `docs/postgresql.md` and `deploy/components/in-cluster-stores/roles.sh` make them.
const MAKE: &str = "\
    CREATE ROLE \"{migrator}\" LOGIN PASSWORD 'test'; \
    CREATE ROLE \"{serving}\" LOGIN PASSWORD 'test'; \
    ALTER SCHEMA \"{schema}\" OWNER TO \"{migrator}\"; \
    GRANT USAGE ON SCHEMA \"{schema}\" TO \"{serving}\"; \
    ALTER DEFAULT PRIVILEGES FOR ROLE \"{migrator}\" IN SCHEMA \"{schema}\" \
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO \"{serving}\"; \
    ALTER DEFAULT PRIVILEGES FOR ROLE \"{migrator}\" IN SCHEMA \"{schema}\" \
        GRANT USAGE ON SEQUENCES TO \"{serving}\"";

impl TestDatabase {
    /// Gives an empty schema of PostgreSQL two roles, made anew.
    ///
    /// # Panics
    /// When the tests' user may make no roles, or they cannot connect.
    pub async fn roles(&self) -> Roles {
        let schema = self.config.schema.as_deref().expect("of PostgreSQL");
        // A schema's name begins with what tells it from every other, and roles are of the
        // whole server.
        let own = &schema[..schema.len().min(13)];
        let [migrator, serving] = ["migrator", "serving"].map(|role| format!("{own}_{role}"));
        for role in [&migrator, &serving] {
            self.tell(&FORGET.replace("{}", role)).await;
        }
        let make = MAKE
            .replace("{migrator}", &migrator)
            .replace("{serving}", &serving)
            .replace("{schema}", schema);
        self.tell(&make).await;
        Roles {
            migrator: self.connect_as(&migrator).await,
            serving: self.connect_as(&serving).await,
        }
    }

    async fn tell(&self, sql: &str) {
        let told = self.db.writer().execute_unprepared(sql).await;
        told.expect("the tests' user of PostgreSQL makes roles");
    }

    async fn connect_as(&self, role: &str) -> Database {
        let (scheme, rest) = self.config.url.split_once("://").expect("a URL");
        let server = rest.split_once('@').map_or(rest, |(_, server)| server);
        let config = DatabaseConfig {
            url: format!("{scheme}://{role}:test@{server}"),
            password_file: None,
            ..self.config.clone()
        };
        let connected = Database::connect(&config).await;
        connected.expect("a role connects that was just made")
    }
}
