//! End to end over real sockets: scenarios, hostile input, generated clients. What
//! there is stands in `end_to_end/`.
