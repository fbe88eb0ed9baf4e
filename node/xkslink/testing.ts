// Tests without AWS: a simulated one, whose minutes pass at once.

export { ACCOUNT, type Deed, SimulatedAws, type WorldOptions } from "./simulated";
