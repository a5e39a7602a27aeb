//! The log from outside: against published answers, an independent implementation, and an adversary.

#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod tampering;

#[cfg(test)]
mod erasures;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod lying_log;
