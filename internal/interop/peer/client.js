// node-smpp as a client: PORT, and messages as JSON on standard input. It prints a summary.
const smpp = require('smpp'), messages = JSON.parse(require('fs').readFileSync(0));
const out = { accepted: 0, refused: 0, receipts: 0, strays: 0 }, ids = new Map();
const session = smpp.connect({ host: '127.0.0.1', port: +process.env.PORT });
const waiting = []; // receipts that came before their answers
const count = id => { if (ids.delete(id)) out.receipts++; else waiting.push(id); };
session.on('error', e => { console.error(e); process.exit(1); });
session.on('enquire_link', pdu => session.send(pdu.response()));
session.on('deliver_sm', pdu => {
	session.send(pdu.response());
	if (pdu.esm_class === 4 && pdu.message_state === 2) count(pdu.receipted_message_id);
	else out.strays++;
});
session.bind_transceiver({ system_id: 'node', password: 'node' }, bound => {
	if (bound.command_status) { console.error('bind refused', bound.command_status); process.exit(1); }
	messages.forEach((m, i) => {
		const pdu = { source_addr: 'TIDINGS', source_addr_ton: 5, destination_addr: m.to, dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1 };
		if (i % 10 === 9) pdu.message_payload = m.text; else pdu.short_message = m.text;
		session.submit_sm(pdu, answer => {
			if (answer.command_status) { out.refused++; return; }
			out.accepted++;
			ids.set(answer.message_id, true);
			for (const id of waiting.splice(0)) count(id);
		});
	});
});
const began = Date.now();
const look = setInterval(() => {
	if (out.receipts + out.refused < messages.length && Date.now() - began < 20000) return;
	clearInterval(look);
	out.strays += waiting.length;
	session.unbind(() => { session.close(); console.log(JSON.stringify(out)); process.exit(0); });
}, 50);
