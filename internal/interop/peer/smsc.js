// node-smpp as an SMS centre: takes everything, sends a receipt for each part, and prints what it
// understood, one line of JSON a submit. KEY and CERT, where set, are files: then it speaks TLS.
const fs = require('fs'), smpp = require('smpp');
const options = process.env.KEY ? { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERT) } : {};
let n = 0;
const server = smpp.createServer(options, session => {
	const say = pdu => session.send(pdu.response());
	session.on('bind_transceiver', pdu => session.send(pdu.response({ system_id: 'node' })));
	session.on('enquire_link', say);
	session.on('unbind', pdu => { say(pdu); session.close(); });
	session.on('error', () => {});
	session.on('submit_sm', pdu => {
		const id = (0xA000 + n++).toString(16), m = pdu.short_message;
		session.send(pdu.response({ message_id: id }));
		console.log(JSON.stringify({
			id, from: pdu.source_addr, to: pdu.destination_addr, text: m.message.toString(), udh: m.udh ? Buffer.concat([].concat(m.udh)).toString('hex') : '',
		}));
		const receipt = {
			source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr, esm_class: 4,
			short_message: `id:${id} sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 text:x`,
		};
		if (n % 2) Object.assign(receipt, { receipted_message_id: id, message_state: 2 }); // every other one as carriers often do: words only
		setTimeout(() => session.deliver_sm(receipt), 20);
	});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
