import { createRegistry } from '../saga/registry.ts';
import { placeOrder } from './place-order.ts';
import { reserveOrder } from './reserve-order.ts';
import { shipOrder } from './ship-order.ts';

/** Every definition that a saga may run on. An old version stays here until no saga runs on it any more. */
export const allSagas = createRegistry([placeOrder, shipOrder, reserveOrder]);
