//! `aval notification …`: what a patient or a professional is told.

mod kinds;

pub use kinds::KindArgument;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::watch_notifications_response::Item;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::language::{Language, say};
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::person::EitherArguments;

/// What to do with notifications.
#[derive(Debug, Subcommand)]
pub enum NotificationCommand {
    /// Lists one's own, the newest first.
    List {
        /// Those not yet read only.
        #[arg(long)]
        unread: bool,
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
    /// Prints one's own as they come, one a line, until Ctrl-C.
    Watch(WatchArguments),
    /// Marks one as read.
    Acknowledge {
        /// Which.
        notification_id: String,
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
    /// Shows of which kinds one is told.
    Preferences {
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
    /// Has oneself told of kinds from now on, for example unusual-access.
    On {
        /// Which.
        #[arg(required = true, value_name = "KIND")]
        kinds: Vec<KindArgument>,
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
    /// Is told of kinds no more.
    Off {
        /// Which.
        #[arg(required = true, value_name = "KIND")]
        kinds: Vec<KindArgument>,
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
}

/// Arguments of `aval notification watch`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// After this cursor; `start`: from the oldest kept; from now on when not named.
    #[arg(long, default_value = "")]
    from: String,
    /// Ends after so many.
    #[arg(long)]
    most: Option<usize>,
    /// Whose.
    #[command(flatten)]
    who: EitherArguments,
}

impl Session {
    /// Obeys a notification command.
    pub async fn notification(&self, command: &NotificationCommand) -> anyhow::Result<()> {
        match command {
            NotificationCommand::List { unread, who } => {
                let told = self.notification_list(*unread, who).await?;
                self.show_notifications(&told)
            }
            NotificationCommand::Watch(arguments) => self.notification_watch(arguments).await,
            NotificationCommand::Preferences { who } => self.notification_preferences(who).await,
            NotificationCommand::On { kinds, who } => {
                self.notification_choose(kinds, true, who).await
            }
            NotificationCommand::Off { kinds, who } => {
                self.notification_choose(kinds, false, who).await
            }
            NotificationCommand::Acknowledge {
                notification_id,
                who,
            } => {
                let person = self.either(who).await?;
                let request = person.bearer.asks(proto::AcknowledgeNotificationRequest {
                    notification_id: notification_id.clone(),
                });
                let mut client = person.software.notifications();
                let answer = client.acknowledge_notification(request).await?;
                self.show_notifications(&[answer.into_inner().notification.unwrap_or_default()])
            }
        }
    }

    async fn notification_list(
        &self,
        unread_only: bool,
        who: &EitherArguments,
    ) -> anyhow::Result<Vec<proto::Notification>> {
        let person = self.either(who).await?;
        let mut client = person.software.notifications();
        let (mut told, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = person.bearer.asks(proto::ListNotificationsRequest {
                unread_only,
                page_size: 0,
                page_token,
            });
            let page = client.list_notifications(request).await?.into_inner();
            told.extend(page.notifications);
            if page.next_page_token.is_empty() {
                return Ok(told);
            }
            page_token = page.next_page_token;
        }
    }

    async fn notification_watch(&self, arguments: &WatchArguments) -> anyhow::Result<()> {
        let person = self.either(&arguments.who).await?;
        let request = person.bearer.asks(proto::WatchNotificationsRequest {
            cursor: arguments.from.clone(),
        });
        let mut client = person.software.notifications();
        let mut items = client.watch_notifications(request).await?.into_inner();
        let mut left = arguments.most.unwrap_or(usize::MAX);
        while left > 0 {
            let Some(item) = items.message().await? else {
                break;
            };
            if let Some(Item::Notification(told)) = item.item {
                self.print_notification(&told, &item.cursor)?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// One line, with the cursor to come back with for programs.
    fn print_notification(&self, told: &proto::Notification, cursor: &str) -> anyhow::Result<()> {
        let line = if self.output.json {
            let mut line = self.members_of(told);
            line.push(("cursor", json!(cursor)));
            let members = line.into_iter().map(|(key, value)| (key.to_owned(), value));
            Value::Object(members.collect()).to_string()
        } else {
            let at = instant(told.created_at.as_ref());
            format!("{}  {}", at.as_str().unwrap_or_default(), self.said(told))
        };
        Ok(self.output.bare(&line)?)
    }

    fn show_notifications(&self, told: &[proto::Notification]) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("notification_id", say("notification", "notification")),
            ("kind", say("sorte", "kind")),
            ("created_at", say("quand", "when")),
            ("sentence", say("quoi", "what")),
            ("patient_id", say("patient", "patient")),
            ("practitioner_id", say("professionnel", "professional")),
            ("subject_id", say("à propos de", "about")),
            ("acknowledged_at", say("lue le", "read at")),
        ]);
        for one in told {
            let members = self.members_of(one).into_iter();
            rows.push(members.map(|(_, value)| value).collect());
        }
        Ok(self.output.rows(&rows)?)
    }

    /// In the order of the columns.
    fn members_of(&self, told: &proto::Notification) -> Vec<(&'static str, Value)> {
        let kind = told.kind().as_str_name();
        vec![
            ("notification_id", json!(told.notification_id)),
            ("kind", json!(kind.trim_start_matches("NOTIFICATION_KIND_"))),
            ("created_at", instant(told.created_at.as_ref())),
            ("sentence", json!(self.said(told))),
            ("patient_id", json!(told.patient_id)),
            ("practitioner_id", json!(told.practitioner_id)),
            ("subject_id", json!(told.subject_id)),
            ("acknowledged_at", instant(told.acknowledged_at.as_ref())),
        ]
    }

    fn said<'a>(&self, told: &'a proto::Notification) -> &'a str {
        match self.output.language {
            Language::French => &told.sentence_fr,
            Language::English => &told.sentence_en,
        }
    }
}
