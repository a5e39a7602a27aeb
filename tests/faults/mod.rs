//! What goes wrong on a cluster, done to real processes while they are called: programs
//! and servers are killed, paused, stopped and brought back, links are cut, slow, silent.
//!
//! Each scenario is judged by what must hold whatever happens: nothing that was
//! acknowledged is lost or doubled, nobody is let in who should not be, every decision that
//! was given has its trace, and afterwards everything works again by itself. What callers
//! saw meanwhile is written down (`docs/reliability.md`, by `cargo xtask faults`), and not
//! judged: it depends on the machine.

mod certificates;
mod cores;
mod crew;
mod disk;
mod floods;
mod hosts;
mod intruder;
mod journal;
mod lane;
mod links;
mod lookups;
mod losses;
mod orders;
mod overload;
mod play;
mod producer;
mod programs;
mod report;
mod servers;
mod sessions;
mod shards;
pub(crate) mod site;
mod statements;
mod trail;
mod upgrade;
