//! The eleven categories of documents.

labelled_list! {
    /// A document's category: JDV_J57-ClassCode-DMP (OID
    /// 1.2.250.1.213.1.1.5.6, version 20230922), codes of TRE_A03-ClasseDocument
    /// (OID 1.2.250.1.213.1.1.4.1). They are the columns of the matrix of access
    /// rights (arrêté of 26 October 2023). The value set also holds a code for
    /// digital signatures, which no access rule names.
    pub enum DocumentClass, "document class" {
        Report = "10" => "Compte rendu",
        Summary = "11" => "Synthèse",
        Imaging = "31" => "Imagerie médicale",
        Prescription = "42" => "Prescription",
        Dispensation = "43" => "Dispensation",
        CarePlan = "44" => "Plan de soins, protocole de soins",
        AdministeredTreatment = "45" => "Traitement administré",
        Certificate = "52" => "Certificat, déclaration",
        Reimbursement = "60" => "Données de remboursement",
        PatientDocument = "90" => "Autres documents déposés par le patient",
        ManagementDocument = "95" => "Document de gestion",
    }
}
