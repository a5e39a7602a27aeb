//! The log from outside: against published answers, independent implementations, and an adversary.

#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tiled;
#[cfg(test)]
mod verdicts;

#[cfg(test)]
mod erasures;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod lying_log;
#[cfg(test)]
mod vast;
